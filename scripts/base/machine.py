"""Name the machine that something was measured on."""
import platform
from pathlib import Path


def processor() -> str:
    """RETURNS (str): The processor's name, or its architecture if the system doesn't give a name."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
