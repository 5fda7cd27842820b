"""docs/benchmarks.md is as bench/bench.sh --write makes it."""

from __future__ import annotations

from bench.report import Report, Table, page, ratio


def test_page_says_what_was_found_first_then_tables_method_versions_and_date(tmp_path):
    table = Table(["name", "bytes"], title="Heap")
    table.add("node.led", "1,000")
    report = Report("memory", "Memory", "by weighing", ["2x the peer"], [table], ["A note."], {"mosquitto": "2.0"})
    report.date = "2026-01-02"
    page(tmp_path / "page.md", [report], "x86_64, 2 cores")
    text = (tmp_path / "page.md").read_text()
    parts = [
        "# Benchmarks",
        "- 2x the peer",
        "Measured on x86_64, 2 cores.",
        "## Memory",
        "| name | bytes |\n| --- | ---: |\n| node.led | 1,000 |",
        "Method: by weighing",
        "A note.",
        "Measured on 2026-01-02 with mosquitto 2.0.",
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places) and text.count("2x the peer") == 1


def test_a_ratio_to_nothing_is_no_number():
    assert ratio(200.0, 0.0) == "-"
