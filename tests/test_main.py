import subprocess
import sys

import huntkit


def test_the_command_line_is_there_without_its_program() -> None:
    command = [sys.executable, "-m", "huntkit", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == f"huntkit {huntkit.__version__}\n"
