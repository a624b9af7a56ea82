"""The verdict on leaks as a value and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from seqmine.structs import UserError


@dataclass(frozen=True)
class LeakCheck:
    """The outcome of one check.

    Args:
        name: what must hold.
        passed: whether it does.
        detail: what was found, with numbers and the setting to change.
        fatal: whether a run must stop when it does not hold; otherwise it is a warning.
    """

    name: str
    passed: bool
    detail: str
    fatal: bool = True


@dataclass(frozen=True)
class LeakReport:
    """The outcome of all checks.

    Args:
        checks: one a check that applies to the data.
    """

    checks: Sequence[LeakCheck]

    @property
    def passed(self) -> bool:
        """Whether no fatal check failed.

        >>> LeakReport([LeakCheck("order", False, "half of the times are equal", fatal=False)]).passed
        True
        """
        return not any(check.fatal and not check.passed for check in self.checks)

    def require_passed(self) -> None:
        """Stop when something leaks.

        Raises:
            UserError: the first leak.
        """
        for check in self.checks:
            if check.fatal and not check.passed:
                raise UserError(f"the prepared data leak: {check.name} does not hold ({check.detail})")

    def warnings(self) -> list[str]:
        """Return what does not hold and stops nothing.

        >>> LeakReport([LeakCheck("times define the order", False, "half are equal", fatal=False)]).warnings()
        ['times define the order: not so, half are equal']
        """
        return [f"{check.name}: not so, {check.detail}" for check in self.checks if not (check.passed or check.fatal)]

    def to_json(self) -> str:
        """Return the verdict as JSON."""
        return json.dumps({"passed": self.passed, "checks": [asdict(check) for check in self.checks]}, indent=2)

    @classmethod
    def from_json(cls, text: str) -> "LeakReport":
        """Return the verdict that ``to_json`` wrote.

        >>> report = LeakReport((LeakCheck("order", True, ""),))
        >>> LeakReport.from_json(report.to_json()) == report
        True
        """
        return cls(tuple(LeakCheck(**check) for check in json.loads(text)["checks"]))
