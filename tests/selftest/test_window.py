"""The settling window: it is as long as is said, whoever else takes longer."""

from __future__ import annotations

import pathlib

from gate.connection.carrier import open_carrier
from gate.sources.host.questions import AskUnit, host_questions
from gate.sources.host.script import compose, largest, sections
from tests.selftest.promised import lying

MARK = "section-0123456789abcdef"


def test_a_slow_tool_keeps_no_second_reading_waiting(tmp_path: pathlib.Path) -> None:
    """What the journal takes its time for is told, too, behind what was read in the meantime."""
    slow = "case $* in *1000*) sleep 4; echo slow ;; esac"
    there = lying(tmp_path, systemctl="exit 0", journalctl=slow)
    questions = host_questions([AskUnit("x.service")], 0.05)
    with open_carrier(there) as carrier:
        output = carrier.run(compose(there, questions, MARK), deadline_s=30, in_part=True)
    told = sections(output.stdout, MARK, largest(there, questions), output.cut)
    at, later = (float(told[name].text.split()[0]) for name in ("at", "later"))
    assert 0.05 <= later - at < 3.9
    assert told["journal"].text == "slow\n"
    assert told["identity"].rc == 0
