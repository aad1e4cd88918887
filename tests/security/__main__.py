"""Run every attack and print how many were tried, and how many the service survived."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


class Figures:
    """Counts the attacks of each file while pytest runs them."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.survived: Counter[str] = Counter()
        self.statuses: dict[str, int] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = Path(report.location[0]).stem.removeprefix("test_").replace("_", " ")
        if report.when == "call":
            self.tried[name] += 1
            self.survived[name] += report.passed
            for key, value in report.user_properties:
                if key == "requests" and isinstance(value, dict):
                    self.statuses = value
        elif report.failed:
            self.survived[name] -= 1

    def show(self) -> str:
        lines = [f"{'attacks':20} {'tried':>7} {'survived':>9}"]
        for name, tried in sorted(self.tried.items()):
            lines.append(f"{name:20} {tried:>7,} {self.survived[name]:>9,}")
        total, survived = sum(self.tried.values()), sum(self.survived.values())
        lines.append(f"{'all':20} {total:>7,} {survived:>9,}")
        if self.statuses:
            sent = sum(self.statuses.values())
            by_status = ", ".join(f"{status}: {n:,}" for status, n in sorted(self.statuses.items()))
            lines.append(
                f"fuzzed requests: {sent:,}, internal errors: {self.statuses.get('500', 0)}"
            )
            lines.append(f"by status: {by_status}")
        return "\n".join(lines)


def main() -> int:
    figures = Figures()
    # Attacks wait more than they compute.
    parallel = ["-n4", "--dist=load"]
    arguments = [str(FOLDER), "-q", *parallel, "-p", "no:cacheprovider", *sys.argv[1:]]
    status = pytest.main(arguments, plugins=[figures])
    print(figures.show())
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
