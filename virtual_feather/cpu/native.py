"""The seams of the interpreter: where our port takes the place of MicroPython's unix port.

The wheel carries MicroPython's unix port as one shared object that exports its C functions and calls them through its
own procedure linkage table. That is enough to put another port below the same core, as the ESP8266's own C files are
below it on a board: a slot of the table is pointed at a Python function (`Interpreter.replace`), a builtin module's
table of names is exchanged for a longer or shorter one (`Interpreter.graft`), and one native function, the gate, lets
the port's MicroPython half call the Python half. None of it costs the MicroPython heap anything.

Only ELF on x86-64, object representation A (py/mpconfig.h) and the pinned wheel are supported.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import micropython_run

from .elf import Elf
from .stack import Stack
from .thunk import calling_or_raising, discarding, returning_more

_Pointer = ctypes.c_void_p
_PROT_READ_WRITE = 3
_PROT_READ_EXECUTE = 5
_PAGE = 4096
_BUFFER_READ = 1
_STATE_BYTES = 0x700  # of mp_state_ctx, all but its very end

# Immediate objects of representation A: (index << 3) | 0b110.
_NONE, _FALSE, _TRUE = 0b0110, 0b1110, 0b11110
_QSTR = 0b010  # an interned string: (index << 3) | 0b010

_MODULE_TABLES = ("mp_builtin_module_map", "mp_builtin_extensible_module_map")


class _BufferInfo(ctypes.Structure):  # mp_buffer_info_t, py/obj.h
    _fields_ = [("buf", _Pointer), ("len", ctypes.c_size_t), ("typecode", ctypes.c_int)]


class _Function(ctypes.Structure):  # mp_obj_fun_builtin_var_t, py/obj.h
    _fields_ = [("type", _Pointer), ("signature", ctypes.c_uint32), ("function", _Pointer)]


class _Map(ctypes.Structure):  # mp_obj_dict_t: the type, then mp_map_t
    _fields_ = [
        ("type", _Pointer),
        ("flags_used", ctypes.c_size_t),
        ("allocated", ctypes.c_size_t),
        ("table", _Pointer),
    ]

    @property
    def pairs(self) -> ctypes.Array:
        """The (key, value) words of the table, two a name."""
        return (ctypes.c_uint64 * (2 * (self.flags_used >> 3))).from_address(self.table)


_ELF = Elf(micropython_run.__file__)  # read once, by the board: its processors are forked


class Interpreter:
    """MicroPython in this process, not started yet. One a process: its state is global."""

    def __init__(self) -> None:
        self.lib = ctypes.CDLL(micropython_run.__file__)
        self._elf = _ELF
        self._base = self.address("mp_init") - self._elf.symbols["mp_init"]
        self._kept: list[object] = []
        self._replaced: dict[str, list[tuple[int, Callable]]] = {}  # what was there, what came
        self._raised = ctypes.c_uint64()
        self._types = {name: self.address(f"mp_type_{name}") for name in ("str", "module")}
        self._declare()
        self._unprotect()
        self._find_scheduler()
        builtin = self.address("mp_builtin___import___obj") + _Function.function.offset
        imports = [self._slot("mp_builtin___import___default"), ctypes.c_uint64.from_address(builtin)]
        self.stack = Stack(self.lib, self.address("mp_state_ctx"), _STATE_BYTES, imports)

    def _find_scheduler(self) -> None:
        """Where the interpreter's state has what interrupts leave: seen by what changes in it, still all zeros."""
        self._exception = ctypes.c_uint64.from_address(self._changed_by(self.lib.mp_sched_keyboard_interrupt) & -8)
        self._scheduled = ctypes.c_uint8.from_address(self._changed_by(lambda: self.lib.mp_sched_schedule(None, None)))
        self._locks = ctypes.c_int16.from_address(self._changed_by(self.lib.mp_sched_lock))

    def _changed_by(self, act: Callable[[], object]) -> int:
        """Address of the first byte of that state that `act` changes; it is changed back."""
        start = self.address("mp_state_ctx")
        before = ctypes.string_at(start, _STATE_BYTES)
        act()
        after = ctypes.string_at(start, _STATE_BYTES)
        ctypes.memmove(start, before, _STATE_BYTES)
        return next(start + i for i in range(_STATE_BYTES) if before[i] != after[i])

    @property
    def interrupted(self) -> bool:
        """Whether a KeyboardInterrupt waits to be raised."""
        return self._exception.value != 0

    def handle_pending(self) -> bool:
        """Run the callbacks that interrupts have left; True when a KeyboardInterrupt waits for the interpreter."""
        # Not if there are none: the call forgets a KeyboardInterrupt that comes just as it begins.
        if self._has_callbacks and not self.interrupted:
            with self.stack.crossing():
                self.lib.mp_handle_pending(False)
        return self.interrupted

    @property
    def _has_callbacks(self) -> bool:
        return self._scheduled.value > 0 and self._locks.value >= 0

    @property
    def pending(self) -> bool:
        """Whether the interpreter, once it looks, has something to do that an interrupt has left."""
        return self.interrupted or self._has_callbacks

    def _declare(self) -> None:
        lib = self.lib
        lib.mp_obj_str_get_str.argtypes = [_Pointer]
        lib.mp_obj_str_get_str.restype = ctypes.c_char_p
        lib.mp_obj_str_get_qstr.argtypes = [_Pointer]
        lib.mp_obj_str_get_qstr.restype = ctypes.c_size_t
        lib.qstr_from_str.argtypes = [ctypes.c_char_p]
        lib.qstr_from_str.restype = ctypes.c_size_t
        lib.mp_get_buffer.argtypes = [_Pointer, ctypes.POINTER(_BufferInfo), ctypes.c_uint]
        lib.mp_get_buffer.restype = ctypes.c_bool
        lib.mp_sched_schedule.argtypes = [_Pointer, _Pointer]
        lib.mp_sched_schedule.restype = ctypes.c_bool
        lib.mp_obj_get_type_str.argtypes = [_Pointer]
        lib.mp_obj_get_type_str.restype = ctypes.c_char_p
        lib.mp_obj_new_exception_msg.argtypes = [_Pointer, ctypes.c_char_p]
        lib.mp_obj_new_exception_msg.restype = _Pointer
        lib.pyexec_file_if_exists.argtypes = [ctypes.c_char_p]

    def _unprotect(self) -> None:
        start, size = self._elf.relocated
        self._protect(*self._pages(self._base + start, size), _PROT_READ_WRITE)

    @staticmethod
    def _pages(address: int, size: int) -> tuple[int, int]:
        """Whole pages around a range: the first address, the size."""
        first = address // _PAGE * _PAGE
        return first, -(-(address + size) // _PAGE) * _PAGE - first

    @staticmethod
    def _protect(address: int, size: int, protection: int) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mprotect(_Pointer(address), ctypes.c_size_t(size), protection):
            raise OSError(ctypes.get_errno(), "the interpreter's memory cannot be changed")

    def address(self, symbol: str) -> int:
        """Address of an exported variable or function of the interpreter."""
        return ctypes.addressof(ctypes.c_char.in_dll(self.lib, symbol))

    def function(self, name: str) -> tuple[int, int]:
        """Address and size of any function of the interpreter."""
        address, size = self._elf.functions[name]
        return self._base + address, size

    def patch(self, address: int, code: bytes) -> None:
        """Change the machine code at `address`."""
        first, size = self._pages(address, len(code))
        self._protect(first, size, _PROT_READ_WRITE)
        ctypes.memmove(address, code, len(code))
        self._protect(first, size, _PROT_READ_EXECUTE)

    def replace(self, symbol: str, prototype: type, function: Callable) -> None:
        """Make the interpreter's calls of `symbol` reach `function`, through a C function type, until `restore`."""
        callback = prototype(function)
        self._kept.append(callback)
        slot = self._slot(symbol)
        self._replaced.setdefault(symbol, []).append((slot.value, function))
        slot.value = ctypes.cast(callback, _Pointer).value

    def add_to(self, symbol: str, source: str, word: int, divisor: int = 1) -> None:
        """Make `symbol` return what the function `source` does plus the word at address `word`, divided."""
        memory = returning_more(self.address(source), word, divisor)
        self._kept.append(memory)
        self._slot(symbol).value = ctypes.addressof(ctypes.c_char.from_buffer(memory))

    def restore(self, symbol: str) -> None:
        """Undo the last `replace`."""
        self._slot(symbol).value, _ = self._replaced[symbol].pop()

    def replacement(self, symbol: str) -> Callable | None:
        """The function that stands in for `symbol`, if one does."""
        stack = self._replaced.get(symbol)
        return stack[-1][1] if stack else None

    def _slot(self, symbol: str) -> ctypes.c_uint64:
        return ctypes.c_uint64.from_address(self._base + self._elf.slots[symbol])

    def install_gate(self, symbol: str, function: Callable[[list[int]], int]) -> None:
        """Turn the builtin function object `symbol` into one that hands its raw arguments (mp_obj_t) to `function`.

        function: returns an object, or what `raising` returns.
        """

        def call(count: int, arguments: int) -> int:
            return function(list((ctypes.c_uint64 * count).from_address(arguments)) if count else [])

        callback = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_size_t, _Pointer)(call)
        self._kept.append(callback)
        gate = _Function.from_address(self.address(symbol))
        gate.signature = 0xFFFF << 1  # MP_OBJ_FUN_MAKE_SIG(0, any number, no keywords)
        memory = calling_or_raising(
            ctypes.cast(callback, _Pointer).value, ctypes.addressof(self._raised), self.address("nlr_jump")
        )
        self._kept.append(memory)
        gate.function = ctypes.addressof(ctypes.c_char.from_buffer(memory))

    def discard_result(self, symbol: str) -> None:
        """Make the builtin function object `symbol`, of a fixed number of arguments, return None."""
        function = ctypes.c_uint64.from_address(self.address(symbol) + 8)  # behind the type, py/obj.h
        memory = discarding(function.value, _NONE)
        self._kept.append(memory)
        function.value = ctypes.addressof(ctypes.c_char.from_buffer(memory))

    def hide_modules(self, names: frozenset[str]) -> None:
        """Take builtin modules away. Call it while the interpreter runs: names are known to it only then."""
        for table in _MODULE_TABLES:
            pairs = self._module_table(table)
            for i in range(0, len(pairs), 2):
                if pairs[i] and self.text(pairs[i]) in names:
                    pairs[i] = 0

    def _module_table(self, symbol: str) -> ctypes.Array:
        # A bare mp_map_t: a dict without its type word.
        return _Map.from_address(self.address(symbol) - 8).pairs

    def module_names(self) -> list[str]:
        """Names of the builtin modules."""
        return [self.text(name) for table in _MODULE_TABLES for name in self._module_table(table)[::2] if name]

    def frozen_names(self) -> list[str]:
        """Files that are linked into the interpreter."""
        names, address = [], self.address("mp_frozen_names")
        while name := ctypes.string_at(address).decode():
            names.append(name)
            address += len(name) + 1
        return names

    def put_module(self, name: str, in_place_of: str, function: str) -> None:
        """Make a builtin module `name` out of another: it holds `call`, the builtin function object `function`."""
        pairs = self._module_table(_MODULE_TABLES[0])
        at = next(i for i in range(0, len(pairs), 2) if pairs[i] and self.text(pairs[i]) == in_place_of)
        pairs[at] = self._interned(name)
        self._set_names(self._names_of(pairs[at + 1]), {self._interned("call"): self.address(function)})

    def remove_names(self, owner: str, names: set[str]) -> None:
        """Take names away from a builtin module or type, given by its symbol."""
        table = self._names_of(self.address(owner))
        pairs = table.pairs
        kept = {key: value for key, value in zip(pairs[::2], pairs[1::2], strict=True) if self.text(key) not in names}
        self._set_names(table, kept)

    def _interned(self, name: str) -> int:
        return self.lib.qstr_from_str(name.encode()) << 3 | _QSTR

    def _set_names(self, names: _Map, pairs: dict[int, int]) -> None:
        table = (ctypes.c_uint64 * (2 * len(pairs)))(*(word for pair in pairs.items() for word in pair))
        self._kept.append(table)
        names.table = ctypes.addressof(table)
        names.allocated = len(pairs)
        names.flags_used = names.flags_used & 7 | len(pairs) << 3

    def graft(self, owner: int, keep: bool, pairs: list[int]) -> None:
        """Give a builtin module or type a new table of names.

        owner: the module or type object. keep: whether the names it has stay beside the new ones.
        pairs: name, value, name, value ... as objects; a value of None takes the name away. The values must stay
        reachable from the MicroPython side, as this table is outside its heap.
        """
        # A long name in a program is a str object; in a table only its interned form is found.
        pairs[::2] = [self.lib.mp_obj_str_get_qstr(name) << 3 | _QSTR for name in pairs[::2]]
        names = self._names_of(owner)
        merged: dict[int, int] = {}
        if keep:
            old = names.pairs
            merged.update(zip(old[::2], old[1::2], strict=True))
        merged.update(zip(pairs[::2], pairs[1::2], strict=True))
        self._set_names(names, {key: value for key, value in merged.items() if value != _NONE})

    def _names_of(self, owner: int) -> _Map:
        if ctypes.c_uint64.from_address(owner).value == self._types["module"]:
            return _Map.from_address(ctypes.c_uint64.from_address(owner + 8).value)
        # mp_obj_type_t, py/obj.h: the last of twelve one-byte slot numbers, counted from 1, is that of locals_dict.
        slot = ctypes.c_uint8.from_address(owner + 23).value
        if not slot:
            raise LookupError("this type has no names of its own")
        return _Map.from_address(ctypes.c_uint64.from_address(owner + 24 + 8 * (slot - 1)).value)

    def text(self, obj: int) -> str:
        """A MicroPython str as a Python one."""
        return self.lib.mp_obj_str_get_str(obj).decode()

    def raising(self, text: str) -> int:
        """What the function of a gate returns to raise TypeError(text)."""
        message = ctypes.create_string_buffer(text.encode())
        self._kept.append(message)  # MicroPython does not copy it
        self._raised.value = self.lib.mp_obj_new_exception_msg(self.address("mp_type_TypeError"), message)
        return 0

    def value(self, obj: int) -> int | str | bool | memoryview | None:
        """An argument as Python sees it: small int, bool, None, str; a view of the memory for any buffer.

        Raises TypeError for other objects.
        """
        if obj & 1:
            return ctypes.c_int64(obj).value >> 1
        if obj in (_NONE, _FALSE, _TRUE):
            return {_NONE: None, _FALSE: False, _TRUE: True}[obj]
        if obj & 7 == _QSTR or ctypes.c_uint64.from_address(obj).value == self._types["str"]:
            return self.text(obj)
        info = _BufferInfo()
        if not self.lib.mp_get_buffer(obj, ctypes.byref(info), _BUFFER_READ):
            raise TypeError(f"can't convert {self.lib.mp_obj_get_type_str(obj).decode()} to int")
        return memoryview((ctypes.c_char * info.len).from_address(info.buf)).cast("B") if info.len else memoryview(b"")

    def object(self, value: int | bool | None) -> int:
        """The MicroPython object of a result: None, a bool or a small int."""
        if value is None:
            return _NONE
        if isinstance(value, bool):
            return _TRUE if value else _FALSE
        return (value << 1 | 1) & 0xFFFF_FFFF_FFFF_FFFF
