"""Generate any number of discharge notes in brat's format, with the difficulties of n2c2 2018's notes."""
import random
import re
from itertools import accumulate, product
from pathlib import Path
from typing import Callable, NamedTuple, Sequence

# The labels that n2c2 2018 has; the first three are those that become Drug and Disease.
LABELS = ("Drug", "ADE", "Reason", "Strength", "Form", "Dosage", "Frequency", "Route", "Duration")
WIDTH = 74


class Span(NamedTuple):
    """A mention in a text: offsets and label."""

    start: int
    end: int
    label: str


class Piece(NamedTuple):
    """A stretch of a note with its mentions."""

    text: str
    spans: tuple[Span, ...] = ()


def write_notes(folder: Path, documents: int, seed: int) -> None:
    """Write notes that have, on average, 140 sentences and 70 mentions of Drug, ADE and Reason.

    folder (Path): Where to put the `.txt` and `.ann` files; made if it is not there.
    documents (int): How many notes.
    seed (int): The same seed always gives the same bytes, and a note does not depend on how many there are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(documents):
        note = make_note(random.Random(f"{seed} {number}"))
        name = f"{100_000 + 7 * number}"
        (folder / f"{name}.txt").write_bytes(note.text.encode("utf8"))
        (folder / f"{name}.ann").write_bytes(annotations(note).encode("utf8"))


def make_note(rng: random.Random) -> Piece:
    """RETURNS (Piece): A note, from a third as long to nearly twice as long as the average."""
    length = rng.uniform(0.35, 1.65)
    return _join([section(rng, length) for section in _SECTIONS], "\n\n")


def annotations(note: Piece) -> str:
    """Write the mentions as n2c2 does: a mention that crosses a line break is in pieces, its text has a space there.

    note (Piece): The note.
    RETURNS (str): A brat file, with a relation behind each mention that is not a drug to the drug before it.
    """
    lines, drug = [], ""
    for number, (start, end, label) in enumerate(note.spans, start=1):
        covered = note.text[start:end]
        breaks = [start + place for place, character in enumerate(covered) if character == "\n"]
        pieces = zip([start, *(place + 1 for place in breaks)], [*breaks, end], strict=True)
        offsets = ";".join(f"{first} {last}" for first, last in pieces)
        lines.append(f"T{number}\t{label} {offsets}\t{covered.replace(chr(10), ' ')}\n")
        drug = f"T{number}" if label == "Drug" else drug
        if drug and label != "Drug":
            lines.append(f"R{number}\t{label}-Drug Arg1:T{number} Arg2:{drug}\n")
    return "".join(lines)


def _fill(rng: random.Random, template: str) -> Piece:
    """Replace each `{name}` by one of the words of that name; `{ADE+Reason}` is a mention that has both labels."""
    text, spans = "", []
    for number, part in enumerate(re.split(r"\{([^}]*)\}", template)):
        labels = part.split("+") if number % 2 else []
        word = _fill(rng, rng.choice(_WORDS[labels[-1]])).text if labels else part
        spans += [Span(len(text), len(text) + len(word), label) for label in labels if label in LABELS]
        text += word
    return Piece(text, tuple(spans))


def _join(pieces: Sequence[Piece], separator: str) -> Piece:
    # One more than there are pieces: the last would be that of the next piece.
    places = accumulate((len(piece.text) + len(separator) for piece in pieces), initial=0)
    spans = [
        Span(place + start, place + end, label)
        for place, piece in zip(places, pieces, strict=False)
        for start, end, label in piece.spans
    ]
    return Piece(separator.join(piece.text for piece in pieces), tuple(spans))


def _wrap(piece: Piece) -> Piece:
    """Break lines at spaces, so that offsets stay."""
    return Piece(re.sub(rf"(?=.{{{WIDTH + 1}}})(.{{1,{WIDTH}}}) ", r"\1\n", piece.text), piece.spans)


def _several(rng: random.Random, templates: Sequence[str], mean: float) -> list[Piece]:
    """RETURNS (list[Piece]): About as many as asked for, at least one."""
    return [_fill(rng, rng.choice(templates)) for _ in range(max(1, round(mean * rng.uniform(0.8, 1.2))))]


def _paragraph(rng: random.Random, templates: Sequence[str], mean: float) -> Piece:
    return _wrap(_join(_several(rng, templates, mean), rng.choice((" ", "  "))))


def _lines(rng: random.Random, templates: Sequence[str], mean: float) -> Piece:
    return _join([_wrap(line) for line in _several(rng, templates, mean)], "\n")


def _numbered(rng: random.Random, templates: Sequence[str], mean: float) -> Piece:
    items = enumerate(_several(rng, templates, mean), start=1)
    return _join([_wrap(_join([Piece(f"{number}."), item], " ")) for number, item in items], "\n")


def _dashed(rng: random.Random, templates: Sequence[str], mean: float) -> Piece:
    return _join([_wrap(_join([Piece("-"), item], " ")) for item in _several(rng, templates, mean)], "\n")


def _under(heading: str, *bodies: Piece) -> Piece:
    return _join([Piece(heading), _join(bodies, "\n\n")], "\n")


def _head(rng: random.Random, length: float) -> Piece:
    dates = _fill(rng, "Admission Date:  {date}              Discharge Date:   {date}")
    rest = _fill(rng, "Date of Birth:  {date}             Sex:   {sex}\n\nService: {service}")
    allergies = _fill(rng, rng.choice(("{Drug} / {Drug}", "{Drug}", "No known allergies to drugs on record")))
    return _join([dates, rest, _under("Allergies:", allergies), _fill(rng, "Attending: {name}")], "\n\n")


def _history(rng: random.Random, length: float) -> Piece:
    complaint = _under("Chief Complaint:", _fill(rng, rng.choice(["{finding}", "{finding}, {finding}"])))
    paragraphs = [_paragraph(rng, _STORY, 5 * length) for _ in range(2)]
    past = rng.choice((_numbered, _dashed, _lines))(rng, _PAST, 7.5 * length)
    illness, medical = _under("History of Present Illness:", *paragraphs), _under("Past Medical History:", past)
    return _join([complaint, illness, medical, _under("Social History:", _paragraph(rng, _SOCIAL, 2))], "\n\n")


def _findings(rng: random.Random, length: float) -> Piece:
    exam = _under("Physical Exam:", _lines(rng, _EXAM, 7.5 * length))
    return _join([exam, _under("Pertinent Results:", _lines(rng, _RESULTS, 8.5 * length))], "\n\n")


def _course(rng: random.Random, length: float) -> Piece:
    heads = _several(rng, ["# {finding}:", "#. {finding} -", "{number}) {finding}:"], 4)
    texts = [_paragraph(rng, _TREATMENT, 5 * length) for _ in heads]
    problems = [_join([_wrap(head), text], rng.choice((" ", "\n"))) for head, text in zip(heads, texts, strict=True)]
    return _under("Brief Hospital Course:", _paragraph(rng, _STORY, 2), *problems)


def _medication(rng: random.Random, length: float) -> Piece:
    before = rng.choice((_numbered, _dashed, _lines))(rng, _TAKEN, 9 * length)
    after = _numbered(rng, _PRESCRIBED, 10 * length)
    return _join([_under("Medications on Admission:", before), _under("Discharge Medications:", after)], "\n\n")


def _discharge(rng: random.Random, length: float) -> Piece:
    where = _under("Discharge Disposition:", _fill(rng, rng.choice(["Home", "Home With Service", "Extended Care"])))
    advice = _under("Discharge Instructions:", _paragraph(rng, _ADVICE, 7 * length))
    visits = _under("Followup Instructions:", _lines(rng, _VISITS, 2 * length))
    return _join([where, advice, visits, _fill(rng, "Completed by:{date}")], "\n\n")


_SECTIONS: tuple[Callable[[random.Random, float], Piece], ...] = (
    _head, _history, _findings, _course, _medication, _discharge,
)  # fmt: skip

_FIRST = ("zor", "cal", "Ven", "brul", "tam", "Oxi", "fel")
_MIDDLE = ("va", "pra", "dilo", "mex", "tri", "sola")
_LAST = ("line", "xin", "pril", "zole", "statin", "mab")
_ODD_DRUGS = ("brulmex XR", "Venprapril-Tamdilozole", "IV fluids", "calsola B-12", "O2", "T.P.X.", "vit. D", "oxi q.s.")
_WORDS: dict[str, Sequence[str]] = {
    "Drug": (*("".join(parts) for parts in product(_FIRST, _MIDDLE, _LAST)), *_ODD_DRUGS),
    "ADE": ("{quality} {trouble}", "{trouble}", "{trouble} of the {part}", "worsening {part} {trouble}"),
    "Reason": ("{quality} {trouble}", "{part} {trouble}", "{trouble}", "{part} {trouble} and {trouble}", "?{trouble}"),
    "finding": ("{quality} {trouble}", "{part} {trouble}", "{trouble}"),
    "quality": ("chronic", "acute", "mild", "severe", "recurrent", "left-sided", "stage {number}", "end-stage", "new"),
    "trouble": ("glossitrope", "marnism", "pelvodynia", "swelling", "itch", "fever", "tarsopathy", "HVT", "h.v.t."),
    "part": ("elbow", "wrist", "palmar", "upper femoral", "calf", "frontal", "L5-S1", "R. ankle", "great toe"),
    "Strength": ("{number} mg", "{number}mg", "{number}.5 mg", "{number} mcg/puff", "{number},000 unit/mL"),
    "Form": ("Tablet", "Capsule", "Tablet, Delayed Release (E.C.)", "Solution", "Aerosol", "Tablet(s)", "gtt."),
    "Dosage": ("One ({number})", "Two ({number})", "{number}", "{number}-{number}", "1/2", "sliding scale"),
    "Frequency": (
        *("DAILY (Daily)", "b.i.d.", "BID ({number} times a day)", "q.{number}h.", "once a day", "QHS"),
        *("Q{number}H (every {number} hours) as needed", "t.i.d. with meals"),
    ),
    "Route": ("PO", "p.o.", "IV", "Intravenous", "Inhalation", "S.C.", "by mouth"),
    "Duration": ("for {number} days", "x {number} days", "{number} weeks", "a {number} day course", "until {date}"),
    "number": (*map(str, range(1, 10)), "12", "20", "25", "40", "81", "100", "325", "500"),
    "date": ("[**2101-{number}-3**]", "[**{number}-14**]", "[**2099**]", "[**Month {number}**] [**1920**]"),
    "name": (
        *("Dr. [**Last Name (STitle) **]", "Dr. [**First Name4**]", "Mrs. [**Known lastname {number}**]"),
        "[**Name6 (MD) **] [**Last Name (NamePattern1) **], M.D.",
    ),
    "place": ("[**Hospital1 {number}**]", "the E.R.", "[**Hospital Ward Name **] {number}", "an outside hospital"),
    "sex": ("M", "F"),
    "service": ("MEDICINE", "SURGERY", "CARDIOTHORACIC"),
}
_STORY = (
    "The patient is a [**Age over 90 **] year old {sex} with {finding}, {finding} and {finding}, here for {finding}.",
    "Of note, {name} had started {Drug} {Strength} {Frequency} {Duration} for {Reason} before the stay in {place}.",
    "In {place}, vitals were T {number}.4, HR {number}, BP {number}/{number}, RR {number}, SpO2 {number}% on 2L.",
    "The patient denied {finding}, {finding}, or {finding} in the days or weeks before, and had not been abroad.",
    "The patient came to {place}, where a {part} film showed {finding} and no {finding}, and was sent here on {Drug}.",
    "Three days before, there had been {finding} after a long walk, which went away at rest and came back at night.",
    "{Drug} was held, given the {ADE}, and {Drug} was given in its place.",
    "On {date} the patient was seen by {name}; no {finding} was found, i.e. nothing had changed.",
    "Had {Reason} in the past (see below), for which {Drug} was given with good effect.",
    "A scan showed approx. {number} x {number} cm of {finding} vs. {finding} which had been seen the year before.",
    'He said: "I did not take it. It made me sick."',
    "The family noted {finding} since {date}!",
)
_PAST = (
    "{finding}",
    "{finding}, on {Drug}",
    "{finding} s/p repair of the {part} in {date}, complicated by {finding}",
    "{finding} ({number}/{number}), EF {number}%",
    "{finding}, without further episodes since {date}. Followed by {name}.",
    "{part} {trouble} with {finding}; treated with {Drug}",
)
_SOCIAL = (
    "Lives with a daughter and two grandchildren on the second floor of a house in [**Location {number}**].",
    "Used to smoke {number} packs per day, quit {number} yrs. ago.",
    "Drinks on occasion, e.g. at weekends.",
    "Retired from the post office in {date}.",
)
_EXAM = (
    "VS: T {number}.{number} BP {number}/{number} HR {number} RR {number} O2 sat {number}% RA",
    "GENERAL: NAD, AAOx3. Pleasant.",
    "NECK: Supple, no {finding}, no nodes that could be felt on either side.",
    "LUNGS: CTA b/l, no w/r/r, good air movement on both sides, no {finding} with the arms raised.",
    "EXT: {number}+ pulses on both sides, warm, no c/c/e, no {finding} of the {part}",
    "Neuro: CN II-XII intact. Strength {number}/5 in arms and legs. Gait not tested.",
    "{part}: mild {trouble}, no {trouble}, not tender, moves well in all directions",
)
_RESULTS = (
    "{date} 0{number}:15AM BLOOD WBC-{number}.{number} RBC-{number}.4* Hgb-{number}.7* Hct-{number}.2 Plt Ct-{number}",
    "{date} 11:{number}PM   BLOOD Glucose-{number} UreaN-{number} Creat-{number}.1 "
    "Na-{number} HCO3-{number} AnGap-{number}",
    "{date} {part} film: No acute process. Stable {finding}, as in the film of {date}.",
    "Labs: Na {number}, K {number}.2; Cr {number}.1 (baseline 1.{number}). No growth in {number} of {number} bottles.",
    "ECHO {date}: The left atrium is mildly dilated, with no {finding}, and the other chambers are normal.",
)
_TREATMENT = (
    "{Reason} was treated with {Drug} {Strength} {Route} {Frequency}, to which it responded well.",
    "The patient was started on {Drug} and {Drug} {Duration}, and {Reason} improved.",
    "He received {Drug} {Strength} {Route} x1, then a drip, and his {finding} got better in the next {number} hrs.",
    "The team of {name} came by, and felt that {finding} needed no further work-up while in the hospital.",
    "Given {ADE}, which was thought to be due to {Drug}, it was changed to {Drug}.",
    "{Drug} was stopped. {ADE+Reason} then resolved within a day, and the rest of the stay was without events.",
    "Creatinine peaked at {number}.4 on {date} and came down to {number}.1 on {Drug}.",
    "{name} was consulted, who advised against surgery and for {Drug}, given the {finding} of the {part}.",
    "Cultures were negative ... repeat ones are pending.",
    "Will continue {Drug} at home (dose to be adjusted by {name}, who was told of the level at discharge).",
    "Was the {finding} new? It was not; cf. the scan of {date}.",
    "She remained afebrile; her {finding} was stable on {Drug} {Strength} and {Drug}.",
    "Plan: 1. continue {Drug} 2. stop {Drug} 3. repeat labs in {number} days.",
)
_TAKEN = (
    "{Drug} {Strength} {Route} {Frequency}",
    "{Drug} {Strength} {Form} {Dosage} {Route} {Frequency}.",
    "{Drug}",
    "{Drug} {Strength} {Frequency} for {Reason}",
    "{Drug} {Dosage} {Form} {Route} {Frequency}",
)
_PRESCRIBED = (
    "{Drug} {Strength} {Form} Sig: {Dosage} {Form} {Route} {Frequency}.",
    "{Drug} {Strength} {Form} Sig: {Dosage} {Form} {Route} {Frequency} {Duration}. Disp:*{number} {Form}* Refills:*2*",
    "{Drug} {Strength} {Form} Sig: {Dosage} {Form} {Route} {Frequency} as needed for {Reason}.",
    "{Drug} {Strength}/{number} mL {Form} Sig: {Dosage} {Route} {Frequency}",
)
_ADVICE = (
    "You were admitted with {finding}, and were found to have {finding} as well.",
    "Please take {Drug} {Frequency} and do not stop it on your own, as {finding} may come back if you do.",
    "Call {name} or come to {place} if you have {finding}, {finding}, or anything else that worries you.",
    "We have stopped your {Drug} because of {ADE}; your doctor will tell you when to start it again.",
    "Weigh yourself every morning, and call if you gain more than {number} lbs.",
    "Your {Drug} was increased to {Strength} {Frequency}, and {Drug} was added.",
    "Do not drive!",
)
_VISITS = (
    "Provider: {name} Phone:[**Telephone/Fax ({number}) {number}**] Date/Time:{date} {number}:30",
    "Please follow up with {name} in {number} weeks. Bring your list of medicines.",
    "Please have your level of {Drug} checked on {date}.",
)
