"""How often a QR still reads: the compact one off a small screen, the full one off a slip.

Synthetic photos, with Pillow only: blur, noise, rotation, perspective, alone and together.
Every photo shows another text. Read by zxing-cpp as the product calls it, and by zbarimg.
Not here: curved paper, glare, moiré and what a phone's camera makes of a dark room.
"""

from __future__ import annotations

import random
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter

from core.certificates.compact import CompactFacts, as_compact_text, issue_compact
from core.certificates.issue import as_text
from core.certificates.picture import ECC_PAPER, ECC_SMALL_SCREEN, modules, screen_png
from core.certificates.scan import read_code
from core.certificates.uvci import new_uvci
from core.paper.press import Form
from tests.core.paper.reading import pages
from tests.services import ZBARIMG, count, require
from tests.sms.fakes import BINH, NOON, World, make_keys

PHOTOS = count(10, 40)
SCREEN = (240, 320)
CAMERA = 2  # pixels of the photo for one of the screen
SLIP_DPI = 150  # a whole page in a photo of 2 megapixels

Change = Callable[[Image.Image, float, random.Random], Image.Image]


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo before anything went wrong.

    Args:
        module: Pixels a module.
    """

    text: str
    image: Image.Image
    module: float


def run() -> None:
    """Print the table."""
    subjects = {
        f"compact, {SCREEN[0]}x{SCREEN[1]}": _screens(),
        f"full, slip at {SLIP_DPI} dpi": _slips(),
    }
    print(f"\nRead rate of degraded codes, {PHOTOS} photos a line (zxing-cpp | zbarimg)")
    for title, photos in subjects.items():
        length, module = max(len(photo.text) for photo in photos), photos[0].module
        print(f"  {title}: at most {length} characters, {module:.1f} pixels a module")
        for name, steps in _LEVELS.items():
            zxing, zbar = _rates(photos, steps)
            print(f"    {name:<44} {zxing:>5.0%} | {zbar:>5.0%}")


def _screens() -> list[Photo]:
    """The compact code on a feature phone's screen, with four pixels a module."""
    photos = []
    for text in _compact_texts():
        screen = Image.new("L", SCREEN, 255)
        screen.paste(Image.open(BytesIO(screen_png(text, max_px=SCREEN[0]))), (0, 0))
        pixels = SCREEN[0] // len(modules(text, ecc=ECC_SMALL_SCREEN))
        size = (SCREEN[0] * CAMERA, SCREEN[1] * CAMERA)
        photos.append(Photo(text, screen.resize(size, Image.Resampling.BICUBIC), pixels * CAMERA))
    return photos


def _compact_texts() -> list[str]:
    """Compact certificates of as many people, each signed."""
    keys, texts = make_keys(), []
    for seed in range(PHOTOS):
        dice = random.Random(seed)
        initials = "".join(dice.choices("ABCDGHKLMNPQTVXY", k=dice.randint(2, 5)))
        facts = CompactFacts(initials, dice.randint(1930, 2020), f"{dice.randint(0, 999):03d}",
                             dice.randint(1, 2), False, NOON, "BVNDGD")  # fmt: skip
        made = issue_compact(
            facts, keys.dsc.signer(), uvci=new_uvci(dice.randbytes(10)), issued_at=NOON
        )
        assert made is not None
        texts.append(as_compact_text(made.cose))
    return texts


def _slips() -> list[Photo]:
    """The full code of a certificate on its slip, the whole page in the photo."""
    world = World(make_keys())
    photos = []
    for _ in range(PHOTOS):
        item = world.release(person=BINH)
        assert item.certificate
        text = as_text(item.certificate)
        (page,) = pages(world.press().print([item], Form.SLIP, asked=False).pdf, dpi=SLIP_DPI)
        ((_, side),) = page.codes()
        across = side / 25.4 * SLIP_DPI
        module = across / len(modules(text, ecc=ECC_PAPER))
        photos.append(Photo(text, page.picture, module))
    return photos


def _blurred(image: Image.Image, radius: float, _dice: random.Random) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(radius))


def _noisy(image: Image.Image, most: float, dice: random.Random) -> Image.Image:
    """Each pixel off by up to ``most`` grey levels of 255, at lower contrast, as in the dark."""
    dim = image.point(lambda level: 60 + level * 135 // 255)
    noise = Image.frombytes("L", image.size, dice.randbytes(image.width * image.height))
    spread = noise.point(lambda level: int(128 + (level - 128) * most / 128))
    return ImageChops.add(dim, spread, scale=1, offset=-128)


def _turned(image: Image.Image, most: float, dice: random.Random) -> Image.Image:
    angle = dice.uniform(0.5, 1) * most * dice.choice((-1, 1))
    return image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def _tilted(image: Image.Image, most: float, dice: random.Random) -> Image.Image:
    """Each corner moves inwards by up to ``most`` of the side."""
    width, height = image.size
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    moved = [
        (
            x + (1 if x == 0 else -1) * dice.uniform(0, most) * width,
            y + (1 if y == 0 else -1) * dice.uniform(0, most) * height,
        )
        for x, y in corners
    ]
    data = _perspective(moved, corners)
    way, resample = Image.Transform.PERSPECTIVE, Image.Resampling.BICUBIC
    return image.transform(image.size, way, data, resample, fillcolor=255)


def _perspective(
    to: Sequence[tuple[float, float]], source: Sequence[tuple[float, float]]
) -> list[float]:
    """The eight numbers with which Pillow finds a source point for each point of the result."""
    rows = []
    for (x, y), (u, v) in zip(to, source, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    return _solved(rows)


def _solved(rows: list[list[float]]) -> list[float]:
    """Gauss and Jordan, on eight equations."""
    size = len(rows)
    for place in range(size):
        best = max(range(place, size), key=lambda row: abs(rows[row][place]))
        rows[place], rows[best] = rows[best], rows[place]
        rows[place] = [value / rows[place][place] for value in rows[place]]
        for row in range(size):
            if row != place:
                factor = rows[row][place]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[place], strict=True)]
    return [row[-1] for row in rows]


Step = tuple[Change, float]
_LEVELS: dict[str, tuple[Step, ...]] = {
    "as drawn": (),
    "blur, sigma 0.2 modules": ((_blurred, 0.2),),
    "blur, sigma 0.35 modules": ((_blurred, 0.35),),
    "blur, sigma 0.5 modules": ((_blurred, 0.5),),
    "blur, sigma 0.65 modules": ((_blurred, 0.65),),
    "dim, noise of 10 levels": ((_noisy, 10),),
    "dim, noise of 20 levels": ((_noisy, 20),),
    "dim, noise of 40 levels": ((_noisy, 40),),
    "dim, noise of 80 levels": ((_noisy, 80),),
    "turned by up to 10 degrees": ((_turned, 10),),
    "turned by up to 45 degrees": ((_turned, 45),),
    "turned by up to 180 degrees": ((_turned, 180),),
    "perspective, corners in by up to 5 %": ((_tilted, 0.05),),
    "perspective, corners in by up to 15 %": ((_tilted, 0.15),),
    "perspective, corners in by up to 25 %": ((_tilted, 0.25),),
    "in a hand: 5 degrees, 5 %, 0.2 modules, 10": (
        (_turned, 5), (_tilted, 0.05), (_blurred, 0.2), (_noisy, 10),
    ),
    "hurried: 15 degrees, 10 %, 0.35 modules, 20": (
        (_turned, 15), (_tilted, 0.1), (_blurred, 0.35), (_noisy, 20),
    ),
    "at night: 15 degrees, 10 %, 0.35 modules, 40": (
        (_turned, 15), (_tilted, 0.1), (_blurred, 0.35), (_noisy, 40),
    ),
}  # fmt: skip


def _rates(photos: Sequence[Photo], steps: Sequence[Step]) -> tuple[float, float]:
    """Share that zxing-cpp reads, and share that zbarimg reads."""
    with tempfile.TemporaryDirectory() as folder:
        shots = [_taken(photo, steps, seed, Path(folder)) for seed, photo in enumerate(photos)]
        wanted = [photo.text for photo in photos]
        read = [read_code(shot.read_bytes()) for shot in shots]
        zxing = sum(found == text for found, text in zip(read, wanted, strict=True))
        return zxing / len(photos), len(_zbar(shots) & set(wanted)) / len(photos)


def _taken(photo: Photo, steps: Sequence[Step], seed: int, folder: Path) -> Path:
    dice, image = random.Random(seed), photo.image
    for change, amount in steps:
        image = change(image, amount * photo.module if change is _blurred else amount, dice)
    shot = folder / f"{seed}.png"
    image.save(shot, compress_level=1)
    return shot


def _zbar(shots: Sequence[Path]) -> set[str]:
    command = [str(require(ZBARIMG)), "--quiet", "--raw", *map(str, shots)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return set(done.stdout.splitlines())  # it ends with 4 when it finds nothing
