"""What CI copies: valid by the platforms' schemas, and its shell steps do what they say."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.selftest import runs
from tests.selftest.test_verify import place

ROOT = runs.ROOT
CI = ROOT / "examples" / "ci"
GITLAB = CI / "gitlab" / "gate.yml"


def read(file: pathlib.Path) -> Any:
    """A file of YAML."""
    return yaml.safe_load(file.read_text("utf-8"))


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("github-actions", ROOT / "action.yml"),
        ("github-workflows", CI / "github" / "deploy.yml"),
        ("gitlab-ci", GITLAB),
        ("gitlab-ci", CI / "gitlab" / ".gitlab-ci.yml"),
    ],
    ids=lambda one: getattr(one, "name", one),
)
def test_valid_by_the_platforms_schema(schema: str, file: pathlib.Path) -> None:
    """As `check-jsonschema` has it."""
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    words += ["--data-transform", "gitlab-ci"] if schema == "gitlab-ci" else []
    done = runs.run([*words, str(file)])
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_shell_holds_no_expression() -> None:
    """What somebody typed comes in by variables: no text of it becomes part of a script."""
    workflow = read(CI / "github" / "deploy.yml")
    steps = [*read(ROOT / "action.yml")["runs"]["steps"], *workflow["jobs"]["deploy"]["steps"]]
    scripts = [one["run"] for one in steps if "run" in one]
    assert len(scripts) == 5
    assert [one for one in scripts if "${{" in one] == []


def test_one_deployment_of_a_target_at_a_time() -> None:
    """And none is cut off in the middle."""
    workflow = read(CI / "github" / "deploy.yml")
    assert workflow["concurrency"] == {
        "group": "gate-${{ inputs.target }}",
        "cancel-in-progress": False,
    }
    (job,) = read(CI / "gitlab" / ".gitlab-ci.yml").values()
    assert job["resource_group"] == f"gate-{job['variables']['GATE_TARGET']}"
    assert job["trigger"]["strategy"] == "depend"
    assert read(GITLAB)["default"]["interruptible"] is False


class Job:
    """A job on this machine: a project in a folder, and the gate where CI installs it."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Make the project."""
        self.folder = place(folder)
        (folder / "targets").mkdir()
        (folder / "here.toml").rename(folder / "targets" / "here.toml")
        (folder / "pyproject.toml").write_text('[tool.pytest]\ngate_contract = "contract"\n')
        self.bin = folder / "runner" / "atum-desk-gate" / "bin"
        self.bin.mkdir(parents=True)
        self._program(self.bin / "gate", f'exec "{sys.executable}" -m gate "$@"')
        for name in ("deploy", "promote", "rollback"):
            self._program(folder / f"{name}.sh", f"touch {name}.done")

    @staticmethod
    def _program(file: pathlib.Path, text: str) -> None:
        file.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
        file.chmod(0o755)

    def breaks(self, on: str) -> None:
        """Have a step break what is promised."""
        self._program(self.folder / f"{on}.sh", f"touch {on}.done; chmod 0700 kept")

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a script as a runner does."""
        for name in ("output", "summary"):
            (self.folder / name).touch()
        return subprocess.run(  # noqa: S603 - our own scripts
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],  # noqa: S607
            cwd=self.folder,
            env={
                **runs.environ(**variables),
                "CI": "true",
                "PATH": f"{self.bin}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "RUNNER_TEMP": str(self.folder / "runner"),
                "GITHUB_OUTPUT": str(self.folder / "output"),
                "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=runs.WITHIN_S,
        )

    def action(self, moment: str, options: str = "") -> subprocess.CompletedProcess[str]:
        """The action's own step."""
        (self.folder / "output").unlink(missing_ok=True)
        action = read(ROOT / "action.yml")
        (step,) = (one for one in action["runs"]["steps"] if one.get("id") == "gate")
        given = {name: one.get("default", "") for name, one in action["inputs"].items()}
        given |= {"moment": moment, "target": "here", "options": options}
        env = {
            key: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda one: given[one[1]], value)
            for key, value in step["env"].items()
        }
        return self.run(step["run"], **env)

    @property
    def outputs(self) -> dict[str, str]:
        """What the step told the jobs that come after."""
        lines = (self.folder / "output").read_text("utf-8").splitlines()
        return dict(one.split("=", 1) for one in lines)

    def gitlab(self, job: str) -> int:
        """A job of GitLab's, on the files that the jobs before it left."""
        config = read(GITLAB)
        wanted = config[job]
        base = config.get(wanted.get("extends", ""), {})
        script = "\n".join({**base, **wanted}["script"])
        variables = {**config["variables"], "GATE_TARGET": "here", **wanted.get("variables", {})}
        dotenv = self.folder / "gate-outputs.env"
        if dotenv.exists() and "extends" not in wanted:
            lines = dotenv.read_text("utf-8").splitlines()
            variables |= dict(one.split("=", 1) for one in lines)
        return self.run(script, **variables).returncode

    def done(self) -> set[str]:
        """The steps that were taken."""
        return {one.stem for one in self.folder.glob("*.done")}


@pytest.fixture
def job(tmp_path: pathlib.Path) -> Job:
    """A job in a project of its own."""
    return Job(tmp_path)


def test_the_action_tells_a_run(job: Job) -> None:
    """Outputs, a summary, annotations at the contract's line, and the gate's own exit status."""
    done = job.action("predeploy")
    assert done.returncode == 0, done.stdout + done.stderr
    told = job.outputs
    assert (told["gate_verdict"], told["gate_promotes"], told["gate_status"]) == (
        *("PROMOTE", "yes"),
        "0",
    )
    assert pathlib.Path(told["gate_folder"]).name == told["gate_run"]
    assert "verdict: PROMOTE" in (job.folder / "summary").read_text("utf-8")
    assert "::error" not in done.stdout
    (job.folder / "kept").chmod(0o700)
    done = job.action("predeploy")
    assert done.returncode == 1
    (annotation,) = [one for one in done.stdout.splitlines() if one.startswith("::")]
    line = 1 + (job.folder / "contract/paths.toml").read_text().splitlines().index("[path.kept]")
    start = f"::error file=contract/paths.toml,line={line},title=FAIL path.kept::"
    assert annotation.startswith(start)
    assert job.outputs["gate_verdict"] == "BLOCKED"
    assert job.outputs["gate_promotes"] == "no"


def test_a_run_that_never_began(job: Job) -> None:
    """Nothing of the run before it is told as this one's."""
    assert job.action("predeploy").returncode == 0
    (job.folder / "contract" / "paths.toml").write_text("[path.kept]\nodd = 1\n", "utf-8")
    done = job.action("predeploy")
    assert done.returncode == 4
    assert job.outputs == {"gate_status": "4"}


def test_advice(job: Job) -> None:
    """It blocks nothing, warns, and promotes nothing: neither broken nor whole."""
    assert job.action("predeploy", "--advise").returncode == 0
    assert (job.outputs["gate_promotes"], job.outputs["gate_advises"]) == ("no", "yes")
    (job.folder / "kept").chmod(0o700)
    done = job.action("predeploy", "--advise")
    assert done.returncode == 0
    assert "::warning file=contract/paths.toml" in done.stdout
    assert "::error" not in done.stdout
    assert job.outputs["gate_verdict"] == "BLOCKED"
    assert job.outputs["gate_promotes"] == "no"


def test_ten_annotations_the_worst_first(job: Job) -> None:
    """Of a hundred broken promises; each is one line whatever it says."""
    item = '[path.x{0}]\ntitle = "x"\nsource = "s"\npath = "/no%0A::add-mask::{0}"\npurpose = "p"\n'
    text = "".join(item.format(number) for number in range(100))
    with (job.folder / "contract" / "paths.toml").open("a", encoding="utf-8") as file:
        file.write(text)
    done = job.action("predeploy")
    found = [one for one in done.stdout.splitlines() if one.startswith("::")]
    assert len(found) == 10
    assert all(one.startswith("::error file=contract/paths.toml,line=") for one in found)


def test_the_workflows_own_steps(job: Job) -> None:
    """It verifies the evidence of the run before it promotes."""
    steps = read(CI / "github" / "deploy.yml")["jobs"]["deploy"]["steps"]
    scripts = {one["name"]: one["run"] for one in steps if "run" in one}
    assert job.action("predeploy").returncode == 0
    assert job.run(scripts["Deploy"]).returncode == 0
    assert job.action("postdeploy").returncode == 0
    folder = job.outputs["gate_folder"]
    variables = {"GATE_RUN": folder, "GATE_TARGET": "here"}
    done = job.run(scripts["Promote"], **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert job.done() == {"deploy", "promote"}
    (job.folder / "promote.done").unlink()
    (job.folder / "kept").chmod(0o700)
    assert job.run(scripts["Promote"], **variables).returncode == 1
    assert job.run(scripts["Back"]).returncode == 0
    assert job.done() == {"deploy", "rollback"}


def test_gitlab_promotes(job: Job) -> None:
    """Before, deploy, after, promote; its reports are where the platform takes them."""
    assert [job.gitlab(one) for one in ("before", "deploy", "after", "promote")] == [0] * 4
    assert job.done() == {"deploy", "promote"}
    assert {one.name for one in job.folder.glob("gate-*")} == {
        *("gate-junit.xml", "gate-outputs.env", "gate-summary.md")
    }


def test_gitlab_goes_back(job: Job) -> None:
    """A deployment that breaks a promise is taken back, and that is looked at."""
    job.breaks("deploy")
    assert [job.gitlab(one) for one in ("before", "deploy", "after")] == [0, 0, 1]
    Job._program(job.folder / "rollback.sh", "touch rollback.done; chmod 0750 kept")  # noqa: SLF001
    assert [job.gitlab(one) for one in ("back", "restored")] == [0, 0]
    verdict = json.loads((job.folder / "reports/here/rollback/verdict.json").read_bytes())
    assert verdict["verdict"] == "PROMOTE"


def test_gitlab_blocked_before_anything_was_deployed(job: Job) -> None:
    """There is no way back to go, and none is gone."""
    (job.folder / "kept").chmod(0o700)
    assert [job.gitlab(one) for one in ("before", "back", "restored")] == [1, 0, 0]
    assert job.done() == set()


def test_the_hook_of_pre_commit(job: Job) -> None:
    """Its entry is the gate's own command, and needs no files."""
    (hook,) = read(ROOT / ".pre-commit-hooks.yaml")
    assert (hook["id"], hook["language"], hook["pass_filenames"]) == ("gate-lint", "python", False)
    assert re.search(hook["files"], "contract/services.toml")
    assert job.run(f"{hook['entry']} --target=here").returncode == 0
    (job.folder / "contract" / "paths.toml").write_text("[path.kept]\nodd = 1\n", "utf-8")
    assert job.run(f"{hook['entry']} --target=here").returncode == 4
