import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.errors import DataError
from foretell.units import (
    FLOPS_CONVENTIONS,
    SUFFIXES,
    Decoder,
    flops_6nd,
    format_quantity,
    nats_to_bits_per_byte,
    parse_quantity,
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("7B", 7e9),
        ("7b", 7e9),
        ("7G", 7e9),
        (" 1.5 T ", 1.5e12),
        ("1e21", 1e21),
        ("1E18", 1e18),
        ("1E", 1e18),
        ("2.5e-1", 0.25),
        ("190_354_176", 190_354_176),
        ("1,234,567.5", 1_234_567.5),
        (".5K", 500),
        ("5.", 5),
        ("-3M", -3e6),
        ("+3M", 3e6),
        (7_000_000_000, 7e9),
        (4.57e23, 4.57e23),
    ],
)
def test_quantities_as_people_type_them(typed, meant):
    assert parse_quantity(typed) == meant


@pytest.mark.parametrize("typed", ["", "B", "7BB", "7 kB", "seven", "nan", "inf", "1.2.3", "0x10", "7_", "True"])
def test_what_is_no_quantity_is_refused_with_its_text(typed):
    with pytest.raises(DataError, match=rf"^'{typed}' is not a quantity\. Write a number such as 7B, 4T"):
        parse_quantity(typed)


@pytest.mark.parametrize("typed", ["1,5B", "1,5", "1,50B", "12,3456", "1,,000"])
def test_a_decimal_comma_is_refused_and_not_read_as_thousands(typed):
    with pytest.raises(DataError, match="is not a quantity"):
        parse_quantity(typed)


def test_a_quantity_beyond_all_floats_is_refused():
    with pytest.raises(DataError, match=r"^'1e400' is too large for a number\. Write a quantity below 1e308\.$"):
        parse_quantity("1e400")


POSITIVE = st.floats(1e-3, 1e30)


@given(POSITIVE)
def test_a_plain_number_is_read_as_itself(value):
    assert parse_quantity(repr(value)) == value
    assert parse_quantity(value) == value


@given(st.integers(1, 10**15))
def test_digits_may_be_grouped(count):
    assert parse_quantity(f"{count:,}") == parse_quantity(f"{count:_}") == count


@given(st.floats(1, 999), st.sampled_from(sorted(SUFFIXES)))
def test_a_suffix_multiplies_in_either_case(value, suffix):
    meant = value * SUFFIXES[suffix]
    assert parse_quantity(f"{value!r}{suffix}") == parse_quantity(f"{value!r} {suffix.lower()}") == meant


@given(POSITIVE, st.sampled_from([1, -1]), st.integers(2, 6))
def test_what_is_written_reads_back_to_the_digits_written(value, sign, digits):
    written = format_quantity(sign * value, digits)
    assert parse_quantity(written) == pytest.approx(sign * value, rel=0.51 * 10.0 ** (1 - digits))


@given(st.floats(1, 9.9e14))
def test_a_quantity_that_has_a_suffix_is_written_without_an_exponent(value):
    assert "e" not in format_quantity(value)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (6_887_575_552, "6.89B"),
        (3.95e12, "3.95T"),
        (4.567e23, "4.57e+23"),
        (950, "950"),
        (999.7, "1K"),
        (999_999, "1M"),
        (0, "0"),
        (0.5, "0.5"),
        (-5e9, "-5B"),
    ],
)
def test_quantities_as_people_read_them(value, written):
    assert format_quantity(value) == written


# Shapes and counts as in the released config.json and safetensors headers.
LLAMA_2_7B = Decoder(d_model=4096, n_layers=32, n_heads=32, d_ff=11008, vocab_size=32000)
LLAMA_3_8B = Decoder(d_model=4096, n_layers=32, n_heads=32, n_kv_heads=8, d_ff=14336, vocab_size=128256)
GEMMA_7B = Decoder(
    d_model=3072, n_layers=28, n_heads=16, d_head=256, d_ff=24576, vocab_size=256000, tied_embeddings=True
)


@pytest.mark.parametrize(
    ("model", "n_params"),
    [
        pytest.param(LLAMA_2_7B, 6_738_415_616, id="Llama 2 7B, arXiv:2307.09288"),
        pytest.param(LLAMA_3_8B, 8_030_261_248, id="Llama 3 8B, arXiv:2407.21783: grouped queries"),
        pytest.param(GEMMA_7B, 8_537_680_896, id="Gemma 7B, arXiv:2403.08295: wide heads, tied embeddings"),
    ],
)
def test_decoder_counts_the_parameters_of_released_models(model, n_params):
    assert model.n_params_total == n_params
    tables = (1 if model.tied_embeddings else 2) * model.vocab_size * model.d_model
    assert model.n_params_non_embedding == n_params - tables


def test_decoder_counts_gpt_2_with_two_mlp_matrices_and_layer_norms():
    """GPT-2 small, 124,439,808 parameters: its biases and 1024 positions are not the shape's to count."""
    gpt_2 = Decoder(768, 12, 12, 3072, 50257, gated_mlp=False, tied_embeddings=True, norm_params=2 * 768)
    biases = 12 * (4 * 768 + 3072 + 768)
    assert gpt_2.n_params_total + biases + 1024 * 768 == 124_439_808


def test_decoder_flops_are_those_of_every_matrix_product_written_out():
    """Llama 3 8B on 8192 tokens, each (rows, inner, columns) product at 2 FLOPs a multiply-add."""
    T = 8192
    per_block = [
        (T, 4096, 4096),  # queries
        (T, 4096, 1024),  # keys
        (T, 4096, 1024),  # values
        *[(T, 128, T)] * 32,  # scores of each head
        *[(T, T, 128)] * 32,  # values of each head
        (T, 4096, 4096),  # output
        (T, 4096, 14336),  # gate
        (T, 4096, 14336),  # up
        (T, 14336, 4096),  # down
    ]
    forward = 32 * sum(2 * rows * inner * columns for rows, inner, columns in per_block) + 2 * T * 4096 * 128256
    assert LLAMA_3_8B.flops_per_token(T) == 3 * forward / T
    assert LLAMA_3_8B.flops(15e12, T) == 15e12 * 3 * forward / T


def test_decoder_flops_are_above_6nd_by_attention_and_head_alone():
    short = LLAMA_2_7B.flops_per_token(0)
    norms = LLAMA_2_7B.n_params_non_embedding - 32 * (LLAMA_2_7B.attention_params + LLAMA_2_7B.mlp_params)
    assert short == 6 * (LLAMA_2_7B.n_params_non_embedding - norms + 32000 * 4096)
    assert LLAMA_2_7B.flops_per_token(4096) - short == 6 * 2 * 32 * 4096 * 4096


def test_decoder_refuses_heads_that_do_not_fit():
    with pytest.raises(DataError, match=r"^d_model 100 does not divide by n_heads 3\. Give d_head\.$"):
        Decoder(d_model=100, n_layers=1, n_heads=3, d_ff=10, vocab_size=10)
    with pytest.raises(DataError, match=r"^n_heads 4 does not divide by n_kv_heads 3\.$"):
        Decoder(d_model=100, n_layers=1, n_heads=4, n_kv_heads=3, d_ff=10, vocab_size=10)


def test_6nd_is_six_times_parameters_times_tokens():
    assert flops_6nd(7e9, 4e12) == pytest.approx(1.68e23)
    assert "6ND" in FLOPS_CONVENTIONS


@given(st.floats(0.1, 10), st.floats(1, 8))
def test_bits_per_byte_give_the_same_compressed_size(nats_per_token, bytes_per_token):
    """A text of 1000 tokens takes as many bits, whichever way its loss is told."""
    bits = nats_to_bits_per_byte(nats_per_token, bytes_per_token) * 1000 * bytes_per_token
    assert bits == pytest.approx(1000 * nats_per_token / math.log(2))


@pytest.mark.parametrize("bytes_per_token", [0.0, -4.0, float("nan")])
def test_bits_per_byte_need_bytes(bytes_per_token):
    with pytest.raises(DataError, match=r"^bytes_per_token is .*\. Give the text's bytes over its tokens\.$"):
        nats_to_bits_per_byte(2.0, bytes_per_token)
