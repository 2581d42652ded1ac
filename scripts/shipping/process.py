"""Run another program, showing only how long it takes."""
import os
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Mapping, Optional, Sequence, Union

from tqdm import tqdm

from scripts.base.errors import ProjectError
from scripts.base.exits import explain_exit
from scripts.base.parent import tethered

REFRESH_SECONDS = 1.0
Argument = Union[str, Path]


def run_quietly(
    command: Sequence[Argument], what: str, cwd: Path, environment: Optional[Mapping[str, str]] = None, remedy: str = ""
) -> str:
    """Run a program until it ends. If this process ends or is interrupted, the program ends too.

    command (Sequence): The program and its arguments.
    what (str): What it does, such as `installing the package`.
    cwd (Path): The folder to run it in.
    environment (Mapping[str, str]): Additional environment variables.
    remedy (str): What the user can do if it fails.
    RETURNS (str): The program's output.
    RAISES (ProjectError): If the program fails. The message has the line of its output that says why.
    """
    with tempfile.TemporaryFile() as log:
        code = _wait(command, what, cwd, _surroundings(environment or {}), log)
        log.seek(0)
        output = log.read().decode("utf8", errors="replace")
    if code:
        raise ProjectError(f"{what} failed ({failure(output, code)})", remedy=remedy)
    return output


def _surroundings(added: Mapping[str, str]) -> dict[str, str]:
    # The next start of this project deletes what the program leaves in temporary folders.
    return {**os.environ, "TMPDIR": tempfile.gettempdir(), **added}


def _wait(command: Sequence[Argument], what: str, cwd: Path, environment: Mapping[str, str], log: IO[bytes]) -> int:
    process = subprocess.Popen(
        tethered([str(argument) for argument in command]),
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    with tqdm(desc=what, bar_format="{desc} {elapsed}", leave=False, disable=None) as line:
        try:
            while process.poll() is None:
                try:
                    process.wait(REFRESH_SECONDS)
                except subprocess.TimeoutExpired:
                    line.refresh()
        finally:
            # No effect if it has ended. After Ctrl-C, it must not write to folders that are being deleted.
            process.kill()
            process.wait()
    return process.returncode


def failure(output: str, code: int) -> str:
    """RETURNS (str): The signal that ended the program, the line that pip marks as an error, or the last line."""
    if code < 0:
        return explain_exit(code)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    marked = [line for line in lines if line.startswith("ERROR")]
    return (marked[:1] or lines[-1:] or [explain_exit(code)])[0]
