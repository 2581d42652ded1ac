"""Compare texts that tools spell differently: Greek letters, hyphens, quotes, case, normal form and white space."""
import re
import unicodedata

_GREEK = {
    "alpha": "αa", "beta": "βb", "gamma": "γg", "delta": "δd", "epsilon": "εe", "zeta": "ζz", "eta": "ηh",
    "theta": "θt", "iota": "ιi", "kappa": "κk", "lambda": "λl", "mu": "μm", "xi": "ξx", "omicron": "οo", "pi": "πp",
    "rho": "ρr", "sigma": "σs", "tau": "τt", "upsilon": "υu", "phi": "φf", "chi": "χc", "psi": "ψp", "omega": "ωo",
}  # fmt: skip
# The longest first: "beta" ends in "eta".
_NAMES = re.compile("|".join(sorted(_GREEK, key=len, reverse=True)))
_LETTERS = str.maketrans({letters[0]: letters[1] for letters in _GREEK.values()})
_QUOTES = str.maketrans({char: "'" for char in "\"`´‘’‚‛“”„‟«»‹›′″"})
_MINUS = "\u2212"


def same_text(first: str, second: str) -> bool:
    """Tell whether two texts are the same but for their spelling.

    first (str): A text, such as what an annotation says that a mention covers.
    second (str): Another one, such as what it does cover.
    RETURNS (bool): True if they differ at most in Greek letters (`α`, `alpha`, `a`), hyphens, quotes, case, Unicode's
        normal form, invisible characters and white space.
    """
    return without_space(first) == without_space(second) or _fold(first) == _fold(second)


def without_space(text: str) -> str:
    """RETURNS (str): A text without its white space: formats show a line break as a space, or not at all."""
    return "".join(text.split())


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", without_space(unicodedata.normalize("NFKC", text)).casefold())
    visible = "".join(map(_fold_character, folded)).translate(_QUOTES)
    return _NAMES.sub(lambda match: _GREEK[match[0]][1], visible.translate(_LETTERS).replace("ς", "s"))


def _fold_character(char: str) -> str:
    category = unicodedata.category(char)
    return "-" if category == "Pd" or char == _MINUS else "" if category == "Cf" else char
