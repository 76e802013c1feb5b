"""Hostile pickles run no code: each of these would leave a file behind if it did."""

import collections
import contextlib
import io
import os
import pickle
import pickletools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.adapters.modelstore.pickles import Call, Name, Reference, read_pickle
from gaitway.errors import ModelFileError

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner)
    ),
    max_leaves=20,
)


def read(raw: bytes, **options):
    return read_pickle(io.BytesIO(raw), "evil.pt", **options)


@given(value=PLAIN, protocol=st.integers(2, 5))
def test_plain_values_read_as_pickle_reads_them(value, protocol):
    assert read(pickle.dumps(value, protocol)) == value


@given(value=st.sets(st.integers()), protocol=st.integers(4, 5))
def test_sets(value, protocol):
    assert read(pickle.dumps(value, protocol)) == value


def test_shared_and_recursive_values():
    shared = [1]
    loop: list = [shared, shared]
    loop.append(loop)
    read_back = read(pickle.dumps(loop, 2))
    assert read_back[0] is read_back[1]
    assert read_back[2] is read_back


def test_stops_behind_the_first_pickle():
    stream = io.BytesIO(pickle.dumps([1], 2) + pickle.dumps([2], 2) + b"rest")
    assert [read_pickle(stream, "x"), read_pickle(stream, "x"), stream.read()] == [[1], [2], b"rest"]


def test_ordered_dicts_become_dicts():
    assert read(pickle.dumps(collections.OrderedDict(a=1, b=2), 2)) == {"a": 1, "b": 2}


def test_allowed_calls_are_written_down_not_made():
    found = read(pickle.dumps(collections.Counter("aab"), 2))
    assert isinstance(found, Call)
    assert found.function == Name("collections.Counter")
    assert found.arguments == ({"a": 2, "b": 1},)


def test_persistent_ids_are_references():
    found = read(b"\x80\x02X\x01\x00\x00\x00kQ.")
    assert isinstance(found, Reference)
    assert found.key == "k"


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("where", ["alone", "in a list", "as a value", "after tensors"])
def test_code_is_refused_and_not_run(tmp_path, protocol, where):
    trace = tmp_path / "ran"
    evil = Evil(os.mkdir, str(trace))
    value = {
        "alone": evil,
        "in a list": [evil],
        "as a value": {"w": evil},
        "after tensors": [list(range(999)), evil],
    }
    with pytest.raises(ModelFileError, match=r"is refused: its pickle names .*mkdir"):
        read(pickle.dumps(value[where], protocol))
    assert not trace.exists()
    pickle.loads(pickle.dumps(evil, protocol))  # noqa: S301 - proves that the pickle is hostile
    assert trace.exists()


@pytest.mark.parametrize(
    "function",
    [eval, exec, __import__, getattr, open, os.system, print, pickle.loads, io.open, compile, type],
)
def test_names_are_refused_whatever_they_are(function):
    with pytest.raises(ModelFileError, match="is refused: its pickle names"):
        read(pickle.dumps(function, 2))


@pytest.mark.parametrize(
    "raw",
    [
        b"(S'echo'\nios\nsystem\n.",  # INST
        b"(cos\nsystem\nS'echo'\no.",  # OBJ
        b"\x80\x02\x82\x01.",  # EXT1
        b"\x80\x02cos\nsystem\nX\x01\x00\x00\x00x\x85R.",  # GLOBAL, REDUCE
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85R.",  # STACK_GLOBAL
        b"\x80\x04\x8c\x02os\x8c\x06system\x93)\x81.",  # NEWOBJ
        b"\x80\x04\x8c\x02os\x8c\x06system\x93)}\x92.",  # NEWOBJ_EX
        b"\x80\x02ccollections\nOrderedDict.fromkeys\n.",  # an attribute of an allowed class
        b"\x80\x02ctorch\nsave\n.",
        b"\x80\x02X\x01\x00\x00\x00x)R.",  # calls a text
        b"\x80\x02](K\x01K\x02R.",
    ],
)
def test_every_way_to_run_code_is_refused(raw):
    with pytest.raises(ModelFileError):
        read(raw)


def test_a_key_that_takes_for_ever_to_hash_is_refused():
    # Each step pairs the tuple with itself: after 60 of them its hash has 2**60 parts.
    nested = b"K\x01\x85" + b"2\x86" * 60
    with pytest.raises(ModelFileError, match="as a key"):
        read(b"\x80\x02}" + nested + b"K\x01s.")


@given(raw=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw):
    with contextlib.suppress(ModelFileError):
        read(raw)


@pytest.mark.parametrize(
    "raw", [b"\x8d" + b"\0" * 7 + b"\1", b"\x8e" + b"\0" * 4 + b"\1\0\0\0", b"X\xff\xff\xff\x7f"]
)
def test_a_length_that_would_fill_the_memory_is_refused(raw):
    with pytest.raises(ModelFileError, match="a literal of"):
        read(b"\x80\x04" + raw)


@given(cut=st.integers(0, 200), value=PLAIN)
def test_cut_pickles_are_refused(cut, value):
    raw = pickle.dumps(value, 2)
    with pytest.raises(ModelFileError):
        read(raw[: min(cut, len(raw) - 1)])


@given(data=st.data(), value=PLAIN)
def test_damaged_pickles_never_escape(data, value):
    raw = bytearray(pickle.dumps({"model": value}, 2))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ModelFileError):
        read(bytes(raw))


def test_every_opcode_is_either_known_or_refused():
    for opcode in pickletools.opcodes:
        try:
            read(opcode.code.encode("latin-1") + b"\0" * 9)
        except ModelFileError:
            continue
        assert opcode.name == "STOP"  # pragma: no cover - every other is incomplete here
