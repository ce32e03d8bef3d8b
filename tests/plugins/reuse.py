"""What every test makes anew and always makes alike is made once a run.

An application is put together for most tests. What costs is not the product's: Werkzeug compiles
the builders of hundreds of addresses, Jinja the templates. Both depend on nothing but what the key
of the kept thing says, so that a kept one is the same as a new one. And all that was imported is
taken out of the search for garbage, which goes through it again and again.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable
from types import CodeType
from typing import Any

import pytest
from flask import Flask
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from werkzeug.routing import Rule, rules

Key = tuple[Any, ...]


class CompiledTemplates(BytecodeCache):
    """Compiled templates in memory, apart for environments that compile in another way."""

    def __init__(self) -> None:
        self._codes: dict[Key, CodeType] = {}

    def get_bucket(
        self, environment: Environment, name: str, filename: str | None, source: str
    ) -> Bucket:
        """Return what is kept of a template, or an empty bucket."""
        way = (
            environment.trim_blocks,
            environment.lstrip_blocks,
            environment.undefined,
            tuple(sorted(environment.extensions)),
            tuple(sorted(environment.filters)),
        )
        bucket = Bucket(environment, repr((name, filename, way)), self.get_source_checksum(source))
        self.load_bytecode(bucket)
        return bucket

    def load_bytecode(self, bucket: Bucket) -> None:
        """Put what is kept into a bucket."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what a bucket holds."""
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


def kept_builders(compile_builder: Callable[..., Any]) -> Callable[..., Any]:
    """Return a `Rule._compile_builder` that compiles the builder of an address once."""
    builders: dict[Key, Any] = {}

    def compile_once(rule: Rule, append_unknown: bool = True) -> Any:
        key = (
            rule.rule,
            tuple(rule._trace),
            repr(rule.defaults),
            tuple((name, type(one)) for name, one in rule._converters.items()),
            append_unknown,
        )
        if key not in builders:
            builders[key] = compile_builder(rule, append_unknown)
        return builders[key]

    return compile_once


def pytest_configure(config: pytest.Config) -> None:
    """Let all applications of this run share them."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": CompiledTemplates()}
    Rule._compile_builder = kept_builders(Rule._compile_builder)  # type: ignore[method-assign]
    rules.parse_converter_args = functools.cache(rules.parse_converter_args)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Look for garbage among what tests make, in fewer and larger steps."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
