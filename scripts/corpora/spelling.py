"""Compare texts that tools spell differently: Greek letters, hyphens, quotes, case, normal form and whitespace."""
import unicodedata

# For each letter, what people write instead: its name, or the Latin letter that looks or sounds like it.
_GREEK = {
    "α": ("alpha", "a"), "β": ("beta", "b"), "γ": ("gamma", "g"), "δ": ("delta", "d"), "ε": ("epsilon", "e"),
    "ζ": ("zeta", "z"), "η": ("eta", "h"), "θ": ("theta", "t"), "ι": ("iota", "i"), "κ": ("kappa", "k"),
    "λ": ("lambda", "l"), "μ": ("mu", "m"), "ν": ("nu", "n"), "ξ": ("xi", "x"), "ο": ("omicron", "o"),
    "π": ("pi", "p"), "ρ": ("rho", "r"), "σ": ("sigma", "s"), "τ": ("tau", "t"), "υ": ("upsilon", "u"),
    "φ": ("phi", "f"), "χ": ("chi", "c"), "ψ": ("psi", "p"), "ω": ("omega", "o"),
}  # fmt: skip
_NAMES = str.maketrans({letter: name for letter, (name, _) in _GREEK.items()})
_LETTERS = str.maketrans({letter: latin for letter, (_, latin) in _GREEK.items()})
_QUOTES = str.maketrans(dict.fromkeys("\"`´‘’‚‛“”„‟«»‹›′″", "'"))
_MINUS = "\N{MINUS SIGN}"


def same_text(first: str, second: str) -> bool:
    """Check whether two texts are the same apart from their spelling.

    first (str): A text, such as a mention's text in its annotation.
    second (str): Another text, such as the mention's text in the document.
    RETURNS (bool): True if they only differ in Greek letters (`alpha` or `a` for `α`), hyphens, quotes, case, Unicode
        normal form, invisible characters and whitespace.
    """
    if without_space(first) == without_space(second):
        return True
    one, other = _fold(first), _fold(second)
    return one == other or any(one.translate(table) == other.translate(table) for table in (_NAMES, _LETTERS))


def in_capitals(text: str) -> str:
    """RETURNS (str): A text in upper case, with the same length. Letters with a longer upper case are left as is."""
    return "".join(upper if len(upper := character.upper()) == 1 else character for character in text)


def without_space(text: str) -> str:
    """RETURNS (str): A text without whitespace: formats write a line break as a space, or not at all."""
    return "".join(text.split())


def _fold(text: str) -> str:
    # Quotes first, because the normal form decomposes a standalone acute accent.
    folded = unicodedata.normalize("NFKC", text.translate(_QUOTES)).casefold()
    if not folded.isascii():
        folded = "".join(map(_fold_character, unicodedata.normalize("NFKC", folded)))
    return without_space(folded)


def _fold_character(char: str) -> str:
    category = unicodedata.category(char)
    return "-" if category == "Pd" or char == _MINUS else "" if category == "Cf" else char
