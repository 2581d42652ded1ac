"""Test that docs/cluster.md and its files match the project, and that the shell files are valid."""
import os
import re
import stat
import subprocess

import pytest
import srsly

from tests.project import ROOT, read_project

PROJECT = read_project()
PAGE = ROOT / "docs" / "cluster.md"
FOLDER = ROOT / "docs" / "cluster"
SHELL_FILES = sorted(FOLDER.glob("*.sh"))
FILES = (PAGE, *SHELL_FILES, *FOLDER.glob("*.yml"))
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text("utf8") for path in FILES}


def commands_of(text: str) -> set[str]:
    """RETURNS (set[str]): Commands of the project that a page or a shell file runs."""
    checks = re.findall(r"^check \S+ (?:run|on_gpu|paper) ([\w-]+)", text, re.MULTILINE)
    defaults = re.findall(r"\$\{COMMANDS:-([\w -]+)\}|COMMANDS=\"([\w -]+)\"", text)
    return {*re.findall(r"weasel run ([\w-]+)", text), *checks, *" ".join(sum(defaults, ())).split()}


def test_page_names_every_file_and_every_named_file_is_there():
    named = set(re.findall(r"docs/cluster/[\w.]+\w", TEXTS["docs/cluster.md"]))
    assert {path.relative_to(ROOT).as_posix() for path in FOLDER.iterdir() if path.is_file()} == named


@pytest.mark.parametrize("path", SHELL_FILES, ids=lambda path: path.name)
def test_shell_files_are_valid(path):
    run = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("name", TEXTS)
def test_every_variable_is_one_of_the_project(name):
    assert set(re.findall(r"--vars\.(\w+)", TEXTS[name])) - {"NAME"} <= set(PROJECT["vars"])


@pytest.mark.parametrize("name", TEXTS)
def test_every_command_is_one_of_the_project(name):
    known = {command["name"] for command in PROJECT["commands"]} | set(PROJECT["workflows"])
    assert commands_of(TEXTS[name]) <= known
    assert commands_of(TEXTS[name]) or name.endswith(("slurm_worker.sh", ".yml"))


def test_every_requirements_file_of_the_cluster_is_there():
    mounts = srsly.read_yaml(FOLDER / "ray_cluster.yml")["file_mounts"]
    files = [source for source in mounts.values() if not source.startswith("~")]
    assert files and all((ROOT / source).is_file() for source in files)


# Ray's head, which writes its address and stays, and a grid that lasts until a file appears.
STUBS = {
    "ray": """#!/bin/bash
for one in "$@"; do case $one in --temp-dir=*) folder=${one#--temp-dir=};; esac; done
mkdir -p "$folder" && echo "127.0.0.1:$$" > "$folder/ray_current_cluster"
exec sleep 60
""",
    "python": """#!/bin/bash
until [ -e "$END" ]; do sleep 0.1; done
""",
}


class TestSlurmDriver:
    @pytest.fixture
    def start(self, tmp_path):
        (tmp_path / "venv" / "bin").mkdir(parents=True)
        for name, program in STUBS.items():
            (tmp_path / "venv" / "bin" / name).write_text(program, "utf8")
            (tmp_path / "venv" / "bin" / name).chmod(0o755)
        (tmp_path / "tmp").mkdir()
        started = []

        def start_driver(name):
            environment = {"VENV": str(tmp_path / "venv"), "TMPDIR": str(tmp_path / "tmp"), "COMMANDS": "few-shot"}
            driver = subprocess.Popen(
                ["bash", str(ROOT / "docs" / "cluster" / "slurm_driver.sh"), str(tmp_path / "shared")],
                env={**os.environ, **environment, "END": str(tmp_path / name)},
                stdout=subprocess.PIPE,
                text=True,
            )
            started.append(driver)
            for line in driver.stdout:
                if line.startswith("The head is at"):
                    return driver
            raise AssertionError("the driver ended")

        yield start_driver
        for driver in started:
            driver.kill()

    def test_the_token_is_readable_by_its_owner_alone_even_where_somebody_else_prepared_the_file(self, start, tmp_path):
        shared = tmp_path / "shared"
        shared.mkdir()
        (shared / "token").write_text("theirs", "utf8")
        (shared / "token").chmod(0o666)
        driver = start("end")
        assert stat.S_IMODE((shared / "token").stat().st_mode) == 0o600
        assert len((shared / "token").read_text("utf8")) == 64
        (tmp_path / "end").touch()
        assert driver.wait(30) == 0
        assert not {"token", "address"} & {path.name for path in shared.iterdir()}
        assert not list((tmp_path / "tmp").iterdir())

    def test_a_driver_leaves_the_address_of_a_later_one(self, start, tmp_path):
        first, second = start("first"), start("second")
        kept = [(tmp_path / "shared" / name).read_text("utf8") for name in ("address", "token")]
        (tmp_path / "first").touch()
        assert first.wait(30) == 0
        assert [(tmp_path / "shared" / name).read_text("utf8") for name in ("address", "token")] == kept
        (tmp_path / "second").touch()
        assert second.wait(30) == 0


# Ray's node, which ends at once as often as FAILS says, and then stays.
NODE = """#!/bin/bash
echo start >> "$STARTS"
if [ "$(wc -l < "$STARTS")" -le "$FAILS" ]; then exit 1; fi
exec /bin/sleep 60
"""


class TestSlurmWorker:
    @pytest.fixture
    def start(self, tmp_path):
        programs = {"ray": NODE, "sleep": "#!/bin/bash\nexec /bin/sleep 0.1\n"}
        for folder in ("venv/bin", "tmp", "shared"):
            (tmp_path / folder).mkdir(parents=True)
        for name, program in programs.items():
            (tmp_path / "venv" / "bin" / name).write_text(program, "utf8")
            (tmp_path / "venv" / "bin" / name).chmod(0o755)
        for name in ("address", "token"):
            (tmp_path / "shared" / name).write_text("127.0.0.1:1", "utf8")
        started = []

        def start_worker(fails):
            environment = {"VENV": str(tmp_path / "venv"), "TMPDIR": str(tmp_path / "tmp"), "FAILS": str(fails)}
            worker = subprocess.Popen(
                ["bash", str(FOLDER / "slurm_worker.sh"), str(tmp_path / "shared")],
                env={**os.environ, **environment, "STARTS": str(tmp_path / "starts")},
                stdout=subprocess.PIPE,
                text=True,
            )
            started.append(worker)
            return worker

        yield start_worker
        for worker in started:
            worker.kill()

    def test_it_joins_again_if_ray_does_not_start_and_ends_with_the_head(self, start, tmp_path):
        worker = start(fails=2)
        for line in worker.stdout:
            if "try 3 of 3" in line:
                break
        (tmp_path / "shared" / "address").unlink()
        told = worker.communicate(timeout=30)[0]
        assert worker.returncode == 0 and "The head is gone" in told
        assert not list((tmp_path / "tmp").iterdir())

    def test_it_gives_up_after_three_times(self, start, tmp_path):
        worker = start(fails=9)
        told = worker.communicate(timeout=30)[0]
        assert worker.returncode == 1 and "Ray has ended three times" in told
        assert (tmp_path / "starts").read_text("utf8").count("start") == 3
        assert not list((tmp_path / "tmp").iterdir())
