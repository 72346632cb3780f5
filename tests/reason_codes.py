"""Codes that a detector's source can emit, read from its syntax tree; posts that reasons name."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from schemas.alerts import Reason


def _strings(node: ast.AST | None) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _strings(node.body)
        yield from _strings(node.orelse)


def _calls(tree: ast.AST, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def codes_of(source: str) -> set[str]:
    """Every code that a module gives to `reason` or `Reason`: as it stands, by a name that was given one, through a
    function that hands its first argument on, and behind a fixed beginning (`f"explained_by_{…}"`)."""
    tree = ast.parse(source)
    codes: set[str] = set()
    makers, handed_on = {"reason", "Reason"}, {"reason", "Reason"}
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and function.args.args:
            first = function.args.args[0].arg
            for call in _calls(function, makers):
                if call.args and isinstance(call.args[0], ast.Name) and call.args[0].id == first:
                    handed_on.add(function.name)
    for call in _calls(tree, handed_on):
        argument = call.args[0] if call.args else None
        codes.update(_strings(argument))
        if isinstance(argument, ast.Name):
            for node in ast.walk(tree):
                if isinstance(node, ast.Assign) and any(
                    isinstance(target, ast.Name) and target.id == argument.id for target in node.targets
                ):
                    codes.update(_strings(node.value))
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        beginnings = {
            value.value
            for call in _calls(function, makers)
            if call.args and isinstance(call.args[0], ast.JoinedStr)
            for value in call.args[0].values[:1]
            if isinstance(value, ast.Constant) and isinstance(value.value, str)
        }
        own = {
            code
            for call in _calls(function, makers)
            for code in _strings(call.args[0] if call.args else None)
        }
        codes.update(f"{beginning}{code}" for beginning in beginnings for code in own)
    return codes


def named_posts(reasons: Iterable[Reason]) -> set[str]:
    """Posts that reasons name beside those that the alert is about."""
    return {post for one in reasons for post in one.values.get("post_ids", ())}
