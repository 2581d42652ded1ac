"""Errors: one line that says what, where and what to do."""
import errno

import pytest

from scripts.base.errors import ProjectError, explain_os_error


@pytest.mark.parametrize(
    ("where", "remedy", "line"),
    [
        ("", "", "no such corpus"),
        ("a.yml", "", "a.yml: no such corpus"),
        ("a.yml:3", "did you mean 'en'?", "a.yml:3: no such corpus. Did you mean 'en'?"),
        ("", "run it again.", "no such corpus. Run it again"),
    ],
)
def test_what_where_and_remedy_are_one_line(where: str, remedy: str, line: str):
    assert str(ProjectError("no such corpus.", where=where, remedy=remedy)) == line


def test_errors_of_the_system_are_told_in_a_users_words():
    assert explain_os_error(OSError(errno.ENOSPC, "No space left on device", "/a/b")) == (
        "/a/b: the disk is full: free some space on the disk of / and start the command again"
    )
    assert explain_os_error(OSError(errno.EIO, "Input/output error")) == "Input/output error"
    assert explain_os_error(OSError("odd")) == "odd"
