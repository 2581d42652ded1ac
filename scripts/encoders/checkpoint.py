"""Convert the offline encoder's container to the tensors and the config of a transformers BertModel."""
from typing import Any, Iterator

import numpy as np

from scripts.base.errors import ProjectError
from scripts.encoders.container import Architecture, Container


def bert_tensors(container: Container, layers: int, kept: np.ndarray) -> dict[str, np.ndarray]:
    """Decode the first layers of an encoder.

    container (Container): The whole encoder.
    layers (int): Number of layers to keep, counted from the embeddings.
    kept (np.ndarray): Rows of the word embeddings to keep.
    RETURNS (dict[str, np.ndarray]): float32 tensors, with the names of transformers' BertModel.
    RAISES (ProjectError): If the container has fewer layers, or lacks tensors according to its header.
    """
    if layers > container.architecture.layers:
        raise ProjectError(f"the container has {container.architecture.layers} layers, fewer than {layers}")
    tensors = _embeddings(container, kept)
    for layer in range(layers):
        for theirs, ours, shape in _layer_parts(container.architecture):
            tensors[f"encoder.layer.{layer}.{ours}"] = container.tensor(f"l{layer}.{theirs}", shape)
    # The container has no pooler, since e5 averages over tokens. Otherwise transformers would initialize it randomly.
    tensors["pooler.dense.weight"] = np.eye(container.architecture.hidden_size, dtype=np.float32)
    tensors["pooler.dense.bias"] = np.zeros(container.architecture.hidden_size, np.float32)
    return tensors


def bert_config(architecture: Architecture, layers: int, vocabulary: int) -> dict[str, Any]:
    """RETURNS (dict): The contents of config.json for an encoder with these numbers of layers and word embeddings."""
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "attention_probs_dropout_prob": 0.1,
        "bos_token_id": 0,
        "eos_token_id": 2,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "hidden_size": architecture.hidden_size,
        "initializer_range": 0.02,
        "intermediate_size": architecture.feed_forward_size,
        # float32 in the container: 1e-12 would be written as 9.999999960041972e-13.
        "layer_norm_eps": float(str(np.float32(architecture.epsilon))),
        "max_position_embeddings": architecture.positions,
        "num_attention_heads": architecture.heads,
        "num_hidden_layers": layers,
        "pad_token_id": 1,
        "position_embedding_type": "absolute",
        "torch_dtype": "float32",
        "type_vocab_size": architecture.token_types,
        "vocab_size": vocabulary,
    }


def _embeddings(container: Container, kept: np.ndarray) -> dict[str, np.ndarray]:
    sizes = container.architecture
    width = sizes.hidden_size
    return {
        "embeddings.word_embeddings.weight": container.tensor("emb.word", (sizes.vocabulary, width), rows=kept),
        "embeddings.position_embeddings.weight": container.tensor("emb.pos", (sizes.positions, width)),
        "embeddings.token_type_embeddings.weight": container.tensor("emb.type", (sizes.token_types, width)),
        "embeddings.LayerNorm.weight": container.tensor("emb.ln.w", (width,)),
        "embeddings.LayerNorm.bias": container.tensor("emb.ln.b", (width,)),
    }


def _layer_parts(sizes: Architecture) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """YIELDS (tuple): A tensor's names in the container and in a BertModel, without a layer prefix, and its shape."""
    width, inner = sizes.hidden_size, sizes.feed_forward_size
    dense = [
        ("q", "attention.self.query", width, width),
        ("k", "attention.self.key", width, width),
        ("v", "attention.self.value", width, width),
        ("ao", "attention.output.dense", width, width),
        ("fi", "intermediate.dense", inner, width),
        ("fo", "output.dense", width, inner),
    ]
    for theirs, ours, rows, columns in dense:
        yield f"{theirs}.w", f"{ours}.weight", (rows, columns)
        yield f"{theirs}.b", f"{ours}.bias", (rows,)
    for theirs, ours in (("aln", "attention.output.LayerNorm"), ("oln", "output.LayerNorm")):
        yield f"{theirs}.w", f"{ours}.weight", (width,)
        yield f"{theirs}.b", f"{ours}.bias", (width,)
