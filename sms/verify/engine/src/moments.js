/**
 * Times as certificates write them, read as leniently as the server reads them.
 *
 * Milliseconds since 1970 throughout; the time zone is UTC where a text names none.
 * Source: ISO 8601 as Python's `datetime.fromisoformat` takes it.
 */

import * as cbor from "./cbor.js";
import { strip } from "./text.js";

const TEXT_TIME_TAG = new Set([0]);
const DATE = /^(\d{4})(?:-(\d\d)-(\d\d)|(\d\d)(\d\d)|-W(\d\d)(?:-(\d))?|W(\d\d)(\d)?)/;
const CLOCK = /^(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d+))?)?|(\d\d)(?:(\d\d)(?:[.,](\d+))?)?)?$/;
const ZONE = /(Z|[+-]\d\d(?::?\d\d(?::?\d\d(?:[.,]\d+)?)?)?)$/;
const PARTIAL_DATE = /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?/;
const DAY = 86_400_000;

/**
 * @param {unknown} value a text, or one in tag 0
 * @returns {number | null}
 */
export function momentOf(value) {
  const text = cbor.untagged(value, TEXT_TIME_TAG);
  return typeof text === "string" ? parse(strip(text)) : null;
}

/**
 * @param {string} text
 * @returns {number | null}
 */
export function parse(text) {
  const found = DATE.exec(text);
  if (!found) return null;
  const day = dayOf(found);
  const rest = text.slice(found[0].length);
  if (day === null || !rest) return day;
  const time = [...rest].slice(1).join(""); // any character may stand between date and time
  const zone = ZONE.exec(time);
  const clock = clockOf(zone ? time.slice(0, zone.index) : time);
  const offset = zone ? offsetOf(zone[1]) : 0;
  if (clock === null || offset === null) return null;
  return representable(day + clock - offset);
}

/**
 * A date of birth, complete or partial; a month `00` or a time of day is dropped.
 * @param {unknown} value
 */
export function birthDateOf(value) {
  const text = cbor.untagged(value, TEXT_TIME_TAG);
  const found = typeof text === "string" ? PARTIAL_DATE.exec(text) : null;
  if (!found) return "";
  const [, year, month, day] = found;
  if (month === undefined || month === "00") return year;
  return day === undefined || day === "00" ? `${year}-${month}` : `${year}-${month}-${day}`;
}

/**
 * To the second, in UTC, as the server prints it.
 * @param {number | null | undefined} moment
 */
export function rfc3339(moment) {
  if (moment === null || moment === undefined) return "";
  return `${new Date(Math.floor(moment / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}

/** @param {RegExpExecArray} found */
function dayOf(found) {
  const [, year, month, day, plainMonth, plainDay, week, weekday, plainWeek, plainWeekday] = found;
  if (week ?? plainWeek) {
    return weekDay(Number(year), Number(week ?? plainWeek), Number(weekday ?? plainWeekday ?? 1));
  }
  return calendarDay(Number(year), Number(month ?? plainMonth), Number(day ?? plainDay));
}

/**
 * @param {number} year
 * @param {number} month
 * @param {number} day
 */
function calendarDay(year, month, day) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const exists = year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? date.getTime() : null;
}

/**
 * @param {number} year
 * @param {number} week 1 to 53
 * @param {number} weekday 1 is Monday
 */
function weekDay(year, week, weekday) {
  const fourth = calendarDay(year, 1, 4); // always in week 1
  if (fourth === null || week < 1 || weekday < 1 || weekday > 7) return null;
  const monday = mondayOf(fourth);
  const weeks = (mondayOf(calendarDay(year + 1, 1, 4) ?? 0) - monday) / (7 * DAY);
  return week > weeks ? null : monday + (7 * (week - 1) + weekday - 1) * DAY;
}

/** @param {number} day */
function mondayOf(day) {
  return day - ((new Date(day).getUTCDay() + 6) % 7) * DAY;
}

/** @param {string} text */
function clockOf(text) {
  const found = CLOCK.exec(text);
  if (!found) return null;
  const [, hour, minute, second, fraction, plainMinute, plainSecond, plainFraction] = found;
  const numbers = [hour, minute ?? plainMinute ?? 0, second ?? plainSecond ?? 0].map(Number);
  if (numbers[0] > 23 || numbers[1] > 59 || numbers[2] > 59) return null;
  return milliseconds(numbers, fraction ?? plainFraction);
}

/** @param {string} text */
function offsetOf(text) {
  if (text === "Z") return 0;
  const [hour, minute = "0", second = "0"] = text.slice(1).match(/\d\d/g) ?? [];
  const offset = milliseconds([hour, minute, second].map(Number), undefined);
  if (offset >= DAY) return null;
  return text[0] === "-" ? -offset : offset;
}

/**
 * @param {number[]} numbers hours, minutes, seconds
 * @param {string | undefined} fraction digits of a second
 */
function milliseconds([hour, minute, second], fraction) {
  const part = Number(`0.${(fraction ?? "0").slice(0, 6)}`);
  return ((hour * 60 + minute) * 60 + second + part) * 1000;
}

/** @param {number} moment */
function representable(moment) {
  const year = new Date(moment).getUTCFullYear();
  return year >= 1 && year <= 9999 ? moment : null;
}
