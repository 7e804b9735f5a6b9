"""What is wrong with a command of the AWS CLI, by the service models that the CLI itself is made from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import botocore.session
import jmespath
from botocore import xform_name

from tests.docs.shell import UNKNOWN

# Commands of the CLI's own, and how many operands each takes.
_OWN = {
    ("s3", "cp"): 2,
    ("s3", "ls"): 1,
    ("s3", "mv"): 2,
    ("s3", "rm"): 1,
    ("configure", "sso"): 0,
    ("configure", "export-credentials"): 0,
}
_OWN_FLAGS = {"--recursive"}
_GLOBAL = {"--output", "--profile", "--query", "--region", "--format"}
_SERVICES = {"s3api": "s3"}
# Options that the CLI calls otherwise than the API does.
_RENAMED = {("sns", "subscribe", "--notification-endpoint"): "Endpoint"}
_OUTPUTS = {"json", "table", "text", "yaml"}


def problems(words: Sequence[str]) -> Iterator[str]:
    """What is wrong with `aws <service> <operation> …`; nothing, if it can work."""
    if len(words) < 3:
        yield f"{' '.join(words)}: it names no operation"
        return
    service, operation, rest = words[1], words[2], list(words[3:])
    options, operands = _options(rest)
    if (service, operation) in _OWN:
        if len(operands) != _OWN[service, operation]:
            yield f"aws {service} {operation} takes {_OWN[service, operation]} operands, not {operands}"
        if unknown := [name for name in options if name not in _OWN_FLAGS | _GLOBAL]:
            yield f"aws {service} {operation} has no option {', '.join(unknown)}"
        return
    model = _model(_SERVICES.get(service, service))
    if model is None or service == "s3":
        yield f"aws has no command {service} {operation}"
        return
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        yield f"aws {service} has no operation {operation}"
        return
    shape = model.operation_model(names[operation])
    members = dict(shape.input_shape.members) if shape.input_shape else {}
    by_option = {f"--{xform_name(name, '-')}": name for name in members}
    if operands:
        yield f"aws {service} {operation} takes no operand: {operands}"
    given = set()
    for option, values in options.items():
        negated = option.replace("--no-", "--", 1)
        if option in _GLOBAL:
            yield from _global(option, values, shape.output_shape)
        elif (
            name := _RENAMED.get((service, operation, option))
            or by_option.get(option)
            or by_option.get(negated)
        ) is None:
            yield f"aws {service} {operation} has no option {option}"
        else:
            given.add(name)
            yield from _value(members[name], values, option)
    required = shape.input_shape.required_members if shape.input_shape else []
    if missing := [name for name in required if name not in given]:
        yield f"aws {service} {operation} lacks {', '.join(missing)}"


@cache
def _model(service: str) -> Any:
    session = botocore.session.get_session()
    return session.get_service_model(service) if service in session.get_available_services() else None


def _options(words: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Options with their values, and what stands before the first option."""
    options: dict[str, list[str]] = {}
    operands: list[str] = []
    option = None
    for word in words:
        if word.startswith("--"):
            option = word
            options[option] = []
        elif option is None or option in _OWN_FLAGS:
            operands.append(word)
        else:
            options[option].append(word)
    return options, operands


def _global(option: str, values: list[str], output: Any) -> Iterator[str]:
    if len(values) != 1:
        yield f"{option} takes one value, not {values}"
    elif option == "--output" and values[0] not in _OUTPUTS:
        yield f"--output is one of {sorted(_OUTPUTS)}, not {values[0]}"
    elif option == "--query":
        try:
            tree = jmespath.compile(values[0]).parsed
        except jmespath.exceptions.JMESPathError as error:
            yield f"--query {values[0]}: {error}"
        else:
            yield from _selected(tree, output)[1]


def _selected(tree: Any, shape: Any) -> tuple[Any, list[str]]:
    """The shape that a JMESPath expression selects of another, None if it is not known; and what is wrong."""
    kind, children = tree["type"], tree["children"]
    if kind == "field":
        if shape is None or shape.type_name == "map":
            return (shape.value if shape else None), []
        if shape.type_name != "structure" or tree["value"] not in shape.members:
            return None, [f"--query: {shape.name} has no {tree['value']}"]
        return shape.members[tree["value"]], []
    if kind in {"subexpression", "projection", "index_expression"}:
        left, wrong = _selected(children[0], shape)
        if kind == "projection" and left is not None and left.type_name == "list":
            left = left.member
        right, more = _selected(children[1], left)
        return right, wrong + more
    if kind == "flatten":
        return _selected(children[0], shape)
    if kind in {"identity", "index"}:
        return (shape.member if kind == "index" and shape is not None else shape), []
    found = [_selected(child, shape) for child in children]
    shapes = [one for one, _ in found]
    same = (
        shapes[0] if kind == "multi_select_list" and len({one.name for one in shapes if one}) == 1 else None
    )
    wrong = [problem for _, problems_of_one in found for problem in problems_of_one]
    if kind == "multi_select_list":  # a list; of lists, if its elements are some
        return (same.member if same is not None and same.type_name == "list" else None), wrong
    return None, wrong


def _value(shape: Any, values: list[str], where: str) -> Iterator[str]:
    """What is wrong with an option's value, as the CLI takes it: words, JSON or its shorthand."""
    if shape.type_name == "boolean":
        if values:
            yield f"{where} takes no value: {values}"
        return
    if not values:
        yield f"{where} has no value"
        return
    first = values[0]
    if first.startswith(("file://", "fileb://")):
        return
    document = getattr(shape, "is_document_type", False)
    if document or (shape.type_name in {"list", "map", "structure"} and first[:1] in "{["):
        try:
            decoded = json.loads(first.replace(UNKNOWN, ""))
        except ValueError as error:
            yield f"{where} is no JSON ({error}): {first}"
            return
        if not document:
            yield from wrong_in(shape, decoded, where)
    elif shape.type_name == "list":
        yield from wrong_in(shape, values, where)
    elif shape.type_name in {"map", "structure"}:
        pairs = dict(pair.partition("=")[::2] for pair in first.split(","))
        yield from wrong_in(shape, pairs, where)
    elif len(values) > 1:
        yield f"{where} takes one value, not {values}"
    else:
        yield from wrong_in(shape, first, where)


def wrong_in(shape: Any, value: Any, where: str) -> Iterator[str]:
    """How a value breaks its shape: member names, enumerations, lengths, ranges, patterns."""
    if shape.type_name == "structure":
        for name, part in value.items():
            if name not in shape.members:
                yield f"{where} has no member {name}"
            else:
                yield from wrong_in(shape.members[name], part, f"{where}.{name}")
        if missing := [name for name in shape.required_members if name not in value]:
            yield f"{where} lacks {', '.join(missing)}"
    elif shape.type_name == "list":
        for part in value:
            yield from wrong_in(shape.member, part, where)
    elif shape.type_name == "map":
        for name, part in value.items():
            yield from wrong_in(shape.key, name, where)
            yield from wrong_in(shape.value, part, f"{where}.{name}")
    else:
        yield from _wrong_scalar(shape, str(value), where)


def _wrong_scalar(shape: Any, text: str, where: str) -> Iterator[str]:
    limits = shape.metadata
    if shape.type_name in {"integer", "long", "float", "double"}:
        if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
            yield f"{where} is no number: {text}"
        elif not limits.get("min", -1e99) <= float(text) <= limits.get("max", 1e99):
            yield f"{where} is not from {limits.get('min')} to {limits.get('max')}: {text}"
        return
    if shape.type_name != "string" or is_placeholder(text):
        return
    if limits.get("enum") and text not in limits["enum"]:
        yield f"{where} is one of {', '.join(limits['enum'])}, not {text}"
    if not limits.get("min", 0) <= len(text) <= limits.get("max", len(text)):
        yield f"{where} has {len(text)} characters, of {limits.get('min', 0)} to {limits['max']}: {text}"
    # The one thing in AWS's patterns that Python's do not have: Java's two halves of a character.
    pattern = limits.get("pattern", "").replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    if pattern and not re.fullmatch(pattern, text):
        yield f"{where} does not match {pattern}: {text}"


def is_placeholder(text: str) -> bool:
    """Whether only the reader or a running shell knows the value."""
    return UNKNOWN in text or "…" in text or bool(re.search(r"<[^>]+>", text))
