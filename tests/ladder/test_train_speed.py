"""The page that keeps the trainer's measured speed."""

from tests.scripts import ROOT, load_script


def test_a_section_takes_the_place_of_an_older_one_and_leaves_the_rest():
    with_section = load_script("benchmarks/train_speed.py").with_section
    page = "# Speed\n\n| a |\n\n## Training, fp32\n\nold\n\n## Training, bf16\n\nkept\n"
    expected = "# Speed\n\n| a |\n\n## Training, bf16\n\nkept\n\n## Training, fp32\n\nnew\n"
    assert with_section(page, "## Training, fp32", "new") == expected
    assert with_section(expected, "## Training, fp32", "new") == expected


def test_the_bench_target_times_the_trainer_too():
    assert "python benchmarks/train_speed.py" in (ROOT / "Makefile").read_text(encoding="utf-8")
