"""Name the kinds of runs, and the ways in which a run takes over its source."""
from typing import Literal

Kind = Literal["in-corpus", "zero-shot", "few-shot", "shipped"]
IN_CORPUS: Kind = "in-corpus"
ZERO_SHOT: Kind = "zero-shot"
FEW_SHOT: Kind = "few-shot"
SHIPPED: Kind = "shipped"
# What an experiment is about; shipped runs are of a pipeline that is already decided on.
COMPARED: tuple[Kind, ...] = (IN_CORPUS, ZERO_SHOT, FEW_SHOT)
KINDS: tuple[Kind, ...] = (*COMPARED, SHIPPED)

Transfer = Literal["none", "full", "encoder"]
# Nothing is taken over; encoder and head; the encoder, with a fresh head.
NO_TRANSFER: Transfer = "none"
FULL: Transfer = "full"
ENCODER_ONLY: Transfer = "encoder"
NO_PRETRAIN = "no pretrain"
