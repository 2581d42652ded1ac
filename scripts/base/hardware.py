"""Name the hardware of this machine."""
import platform
from functools import cache
from pathlib import Path


@cache
def processor_name() -> str:
    """RETURNS (str): The processor's name, as far as the system tells it."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text(encoding="utf8").splitlines() if information.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
