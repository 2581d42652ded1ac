"""Define the kinds of runs, and what a run can transfer from its source."""
from typing import Literal

Kind = Literal["in-corpus", "zero-shot", "few-shot", "shipped"]
IN_CORPUS: Kind = "in-corpus"
ZERO_SHOT: Kind = "zero-shot"
FEW_SHOT: Kind = "few-shot"
SHIPPED: Kind = "shipped"
# The kinds that an experiment compares. Shipped runs are for a pipeline that has already been chosen.
COMPARED: tuple[Kind, ...] = (IN_CORPUS, ZERO_SHOT, FEW_SHOT)
KINDS: tuple[Kind, ...] = (*COMPARED, SHIPPED)

Transfer = Literal["none", "full", "encoder"]
# Nothing; encoder and head; the encoder only, with a new head.
NO_TRANSFER: Transfer = "none"
FULL: Transfer = "full"
ENCODER_ONLY: Transfer = "encoder"
NO_PRETRAIN = "no pretrain"
