"""What IAM policies say: which statements apply to an action on a resource, and what follows from them.

moto's own evaluation takes a condition that does not hold for a denial, lets operators that it does not know
pass, and knows no `NotResource`; so it is not used. What is not known here is not passed over either: it
raises `UnknownPolicyError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any


class UnknownPolicyError(NotImplementedError):
    """A policy says something that the local AWS cannot evaluate."""


class Verdict(Enum):
    """What policies say of a request; an explicit denial outweighs everything."""

    ALLOWED = "allowed"
    DENIED = "explicitly denied"
    SILENT = "not mentioned"


Context = Mapping[str, str]
"""The values of condition keys in a request, by the key's name in lower case."""

HTTPS: Context = {"aws:securetransport": "true"}
"""Of every request: the laptop's own http stands where AWS has https, and is not to be locked out."""

# The keys of which the local AWS knows when a request has them. Of any other it cannot tell.
_KEYS = frozenset(
    key.lower()
    for key in (
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:RequestedRegion",
        "aws:ResourceAccount",
        "aws:SecureTransport",
        "aws:SourceAccount",
        "aws:SourceArn",
        "cloudwatch:namespace",
        "iam:PassedToService",
        "s3:delimiter",
        "s3:if-match",
        "s3:if-none-match",
        "s3:prefix",
        "sts:ExternalId",
    )
)


def verdict(
    policies: Iterable[Mapping[str, Any]],
    action: str,
    resource: str,
    context: Context,
    principal: Mapping[str, Iterable[str]] | None = None,
) -> Verdict:
    """What policies say of an action on a resource.

    Args:
        policies: Policy documents.
        action: Like `s3:GetObject`.
        resource: An ARN, or `*` for what has none.
        context: The request's condition keys.
        principal: Who asks, as the statements of a resource's policy name him: by kind (`AWS`, `Service`) his
            names. None for policies of his own, which name nobody.

    Raises:
        UnknownPolicyError: A statement that would apply has a part that is not known here.
    """
    found = Verdict.SILENT
    for policy in policies:
        for statement in _as_list(policy["Statement"]):
            if not (
                _statement_matches(statement, "Action", action.lower(), _lower_case)
                and _statement_matches(statement, "Resource", resource, str)
                and (principal is None or _names_principal(statement, principal))
                and _conditions_hold(statement.get("Condition", {}), context)
            ):
                continue
            if statement["Effect"] == "Deny":
                return Verdict.DENIED
            found = Verdict.ALLOWED
    return found


def could_allow_below(policies: Iterable[Mapping[str, Any]], action: str, prefix: str) -> bool:
    """Whether some statement might allow an action on a resource that begins like this.

    Conditions and denials are left out of account: what it says no to is certain.
    """
    for policy in policies:
        for statement in _as_list(policy["Statement"]):
            if statement["Effect"] != "Allow" or not _statement_matches(
                statement, "Action", action.lower(), _lower_case
            ):
                continue
            for pattern in _as_list(statement.get("Resource", "*")):
                literal = re.split(r"[*?]", pattern, maxsplit=1)[0]
                if literal.startswith(prefix) or (prefix.startswith(literal) and literal != pattern):
                    return True
    return False


def _as_list(element: Any) -> list[Any]:
    return element if isinstance(element, list) else [element]


def _lower_case(pattern: str) -> str:
    return pattern.lower()


def _statement_matches(
    statement: Mapping[str, Any], element: str, value: str, spelled: Callable[[str], str]
) -> bool:
    """Whether a statement's Action or Resource, or the lack of it in NotAction or NotResource, is met."""
    if negated := statement.get(f"Not{element}"):
        return not any(_matches_pattern(spelled(pattern), value) for pattern in _as_list(negated))
    if element not in statement:  # a trust policy has no Resource
        return True
    return any(_matches_pattern(spelled(pattern), value) for pattern in _as_list(statement[element]))


def _names_principal(statement: Mapping[str, Any], principal: Mapping[str, Iterable[str]]) -> bool:
    if "NotPrincipal" in statement:
        raise UnknownPolicyError("the local AWS does not evaluate NotPrincipal: name who may instead")
    named = statement["Principal"]
    if named == "*":
        return True
    return any(
        name in ("*", one)
        for kind, names in principal.items()
        for name in _as_list(named.get(kind, ()))
        for one in names
    )


@lru_cache(maxsize=10_000)
def _compile_pattern(pattern: str) -> re.Pattern[str]:
    if "${" in pattern:
        raise UnknownPolicyError(f"the local AWS does not fill in the policy variables of {pattern!r}")
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _matches_pattern(pattern: str, value: str) -> bool:
    return _compile_pattern(pattern).fullmatch(value) is not None


def _equals(wanted: str, value: str) -> bool:
    return wanted == value


def _equals_ignoring_case(wanted: str, value: str) -> bool:
    return wanted.lower() == value.lower()


# Whether one of the values has to match, or none; where none may, an absent key will do.
_OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (_equals, True),
    "StringNotEquals": (_equals, False),
    "StringEqualsIgnoreCase": (_equals_ignoring_case, True),
    "StringLike": (_matches_pattern, True),
    "StringNotLike": (_matches_pattern, False),
    "ArnEquals": (_matches_pattern, True),
    "ArnLike": (_matches_pattern, True),
    "ArnNotEquals": (_matches_pattern, False),
    "ArnNotLike": (_matches_pattern, False),
    "Bool": (_equals_ignoring_case, True),
}


def _conditions_hold(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether all conditions of a statement hold."""
    return all(
        _condition_holds(operator, key, _as_list(wanted), context)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _condition_holds(operator: str, key: str, wanted: list[Any], context: Context) -> bool:
    if key.lower() not in _KEYS:
        raise UnknownPolicyError(f"the local AWS does not know the condition key {key}")
    value = context.get(key.lower())
    if operator == "Null":
        return _as_policy_text(value is None) in (_as_policy_text(one) for one in wanted)
    name = operator.removesuffix("IfExists")
    if name not in _OPERATORS:
        raise UnknownPolicyError(f"the local AWS does not evaluate the condition operator {operator}")
    matches, positive = _OPERATORS[name]
    if value is None:
        return operator != name or not positive
    return any(matches(_as_policy_text(one), value) for one in wanted) is positive


def _as_policy_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
