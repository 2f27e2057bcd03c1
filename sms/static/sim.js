// The demo's phone and chat. Polls the outbox; everything shown is set as text, never as HTML.
"use strict";
const $ = (id) => document.getElementById(id);
let me = null; // the simulated citizen: name, birth_date, phone
let shown = 0; // messages of the outbox already seen
let zalo = false;
let reads = 0; // of the outbox; an answer that a later one overtook is dropped
let heard = null; // messages of the outbox that the chat has taken note of; null: not yet
let talking = 0; // exchanges with the chat under way
let answered = []; // texts of replies that the outbox has not repeated yet
const listed = new Set();

const getJson = async (address) => (await fetch(address, { cache: "no-store" })).json();
const postJson = (address, body) =>
  fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

function element(tag, text, kind) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

// A link opens as a small phone beside this page; a blocked pop-up still opens as a tab.
function withLinks(target, text) {
  for (const part of text.split(/(https?:\/\/[^\s)]+)/)) {
    if (!/^https?:\/\//.test(part)) { target.append(part); continue; }
    const link = element("a", part);
    link.href = ownAddress(part);
    link.target = "_blank";
    link.rel = "noopener";
    link.addEventListener("click", (event) => {
      if (window.open(link.href, "phone", "popup,width=380,height=760")) event.preventDefault();
    });
    target.append(link);
  }
}

// The service knows itself by its public address; the browser may have come by another name.
function ownAddress(address) {
  const found = new URL(address, location.href);
  const ours = /^(127\.0\.0\.1|localhost|\[::1\])$/.test(found.hostname);
  return ours ? location.origin + found.pathname + found.search : found.href;
}

function add(log, text, { kind = "", at = "", photo = "" } = {}) {
  log.querySelectorAll(".empty").forEach((each) => each.remove());
  const item = element("li", "", kind);
  if (kind === "empty") item.textContent = text; else withLinks(item, text || "");
  if (photo) {
    const picture = element("img");
    picture.src = ownAddress(photo);
    picture.alt = $("chat").dataset.photo;
    picture.addEventListener("load", () => { log.scrollTop = log.scrollHeight; });
    item.append(picture);
  }
  if (at) item.append(element("time", new Date(at).toLocaleTimeString(document.documentElement.lang)));
  log.append(item);
  log.scrollTop = log.scrollHeight;
}

function empty(log, text) {
  log.replaceChildren();
  add(log, text, { kind: "empty" });
}

const user = () => `${me.phone}${zalo ? "-zalo" : ""}`;
const channel = () => (zalo ? "zalo" : "telegram");

function become(person) {
  me = person;
  shown = 0;
  $("you").hidden = false;
  $("you-name").textContent = me.name;
  $("you-birth").textContent = me.birth_date;
  $("you-phone").textContent = me.phone;
  for (const id of ["release", "words", "send", "contact", "zalo"]) $(id).disabled = false;
  for (const each of $("people").children) each.setAttribute("aria-pressed", String(each.dataset.key === key(me)));
  empty($("inbox"), $("inbox").dataset.empty);
  meetChat();
  readOutbox();
}

function meetChat() {
  $("contact").hidden = zalo;
  $("zalo").setAttribute("aria-pressed", String(zalo));
  $("chat").replaceChildren();
  greet(user()).catch(() => {});
}

async function greet(who) {
  heard = null;
  const before = (await getJson("outbox.json")).length;
  if (who !== user()) return;
  heard = before;
  answered = [];
  say({ text: "/start" }, "");
}

const key = (person) => `${person.phone} ${person.name}`;

async function readPeople() {
  const people = (await getJson("people.json")).filter((person) => person.phone);
  if (!people.length && !listed.size) $("people").textContent = $("people").dataset.empty;
  for (const person of people.slice(0, 12).reverse()) {
    if (listed.has(key(person))) continue;
    if (!listed.size) $("people").replaceChildren();
    listed.add(key(person));
    const button = element("button", person.name);
    button.type = "button";
    button.dataset.key = key(person);
    button.setAttribute("aria-pressed", "false");
    button.append(element("small", `${person.birth_date} · ${person.phone}`));
    button.addEventListener("click", () => become(person));
    $("people").prepend(button);
  }
  // The list stays short, but never loses the person being played.
  const extra = [...$("people").children].slice(12);
  extra.filter((each) => !me || each.dataset.key !== key(me)).forEach((each) => each.remove());
}

async function readOutbox() {
  if (!me) return;
  const asked = me, turn = ++reads, messages = await getJson("outbox.json");
  if (asked !== me || turn !== reads) return;
  for (const message of messages.slice(shown)) {
    if (message.channel === "sms" && message.to === me.phone) add($("inbox"), message.text, { at: message.at });
  }
  shown = messages.length;
  hearLetters(messages);
}

// A letter that nobody asked for stands in the outbox alone; a reply stands there as well.
function hearLetters(messages) {
  if (talking || heard === null) return;
  for (const message of messages.slice(heard)) {
    if (message.channel !== channel() || message.to !== user()) continue;
    const place = answered.indexOf(message.text);
    if (place >= 0) answered.splice(place, 1);
    else add($("chat"), message.text, { at: message.at, photo: message.photo || "" });
  }
  heard = messages.length;
}

async function readStaff() {
  for (const account of await getJson("staff.json")) {
    const cell = document.querySelector(`code[data-login="${CSS.escape(account.login)}"]`);
    if (cell) cell.textContent = account.totp;
  }
}

async function say(request, words) {
  const asked = user();
  if (words) add($("chat"), words, { kind: "mine" });
  $("buttons").replaceChildren();
  talking += 1;
  let answer, replies;
  try {
    answer = await postJson("chat", { user: asked, channel: channel(), ...request });
    replies = await answer.json();
  } finally {
    talking -= 1;
  }
  if (asked !== user()) return;
  if (!answer.ok) { add($("chat"), $("chat").dataset.failed); return; }
  for (const reply of replies) {
    answered.push(reply.text);
    if (reply.text || reply.photo) add($("chat"), reply.text, { photo: reply.photo || "" });
    if (reply.buttons && reply.buttons.length) drawButtons(reply.buttons);
  }
  readOutbox();
}

function drawButtons(labels) {
  $("buttons").replaceChildren();
  for (const label of labels) {
    const button = element("button", label, "quiet");
    button.type = "button";
    button.addEventListener("click", () => say({ button: label }, label));
    $("buttons").append(button);
  }
}

$("talk").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = $("words").value.trim();
  $("words").value = "";
  if (words) say({ text: words }, words);
});
$("contact").addEventListener("click", () => say({ contact: me.phone }, me.phone));
$("zalo").addEventListener("click", () => { zalo = !zalo; meetChat(); });
$("release").addEventListener("click", async () => {
  await postJson("release", { phone: me.phone });
  $("released").hidden = false;
  setTimeout(() => { $("released").hidden = true; }, 6000);
});

empty($("inbox"), $("inbox").dataset.none);
empty($("chat"), $("inbox").dataset.none);
const every = (seconds, task) => {
  const run = () => task().catch(() => {}).finally(() => setTimeout(run, seconds * 1000));
  run();
};
every(1, readOutbox);
every(4, readPeople);
every(10, readStaff);
