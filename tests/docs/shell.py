"""The commands of a shell script, word by word: as much of the shell as the documentation uses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

UNKNOWN = "\N{REPLACEMENT CHARACTER}"
"""Stands in a word for what only a running shell knows: a variable, or what a command prints."""
_ENDS = ";|&\n(){}"


@dataclass
class _Reader:
    """Reads a script from left to right; commands within commands are found too."""

    text: str
    at: int = 0
    found: list[list[str]] = field(default_factory=list)

    def commands(self, closing: str = "") -> None:
        words: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if closing and char == closing:
                break
            if char in _ENDS:
                self._end(words)
                words = []
                self.at += 1
            elif self.text.startswith("\\\n", self.at):
                self.at += 2
            elif char in " \t":
                self.at += 1
            elif char == "#":
                self.at = (self.text + "\n").index("\n", self.at)
            else:
                words.append(self._word())
        self._end(words)

    def _end(self, words: list[str]) -> None:
        while words and ("=" in words[0].split("-")[0] or words[0] in {"do", "then", "export", "eval"}):
            words = words[1:]  # an assignment before the command
        if words:
            self.found.append(words)

    def _word(self) -> str:
        word, quote = "", ""
        while self.at < len(self.text):
            char = self.text[self.at]
            if quote == "'":
                if char == "'":
                    quote = ""
                else:
                    word += char
                self.at += 1
            elif char == '"' or (char == "'" and not quote):
                quote = "" if quote == char else char
                self.at += 1
            elif char == "\\":
                word += self.text[self.at + 1 : self.at + 2].strip("\n")
                self.at += 2
            elif char == "$":
                word += self._expansion()
            elif not quote and char in " \t" + _ENDS:
                break
            else:
                word += char
                self.at += 1
        return word

    def _expansion(self) -> str:
        self.at += 1
        if self.text.startswith("(", self.at):
            self.at += 1
            self.commands(closing=")")
            self.at += 1
        elif self.text.startswith("{", self.at):
            depth = 0
            while self.at < len(self.text):
                depth += {"{": 1, "}": -1}.get(self.text[self.at], 0)
                self.at += 1
                if not depth:
                    break
        else:
            self.at += len(re.match(r"\w+|.", self.text[self.at :], re.DOTALL)[0])
        return UNKNOWN


def commands(script: str) -> list[list[str]]:
    """Every simple command of a script as its words, also those in `$(…)`; see `UNKNOWN`."""
    reader = _Reader(script)
    reader.commands()
    return reader.found
