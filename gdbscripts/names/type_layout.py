"""CPython's tables of functions as data: struct PyTypeObject and the tables that it points to.

The order of PyTypeObject's fields from tp_name on, one word each, is the same in 2.7 to 3.15, on
x86-64 (Include/object.h, from 3.8 on Include/cpython/object.h). The members are the names by which
a Python program reaches a function; a slot that no program can name has its C name.
"""

FIELDS = {name: at for at, name in enumerate("""
    name basicsize itemsize dealloc vectorcall_offset getattr setattr as_async repr as_number
    as_sequence as_mapping hash call str getattro setattro as_buffer flags doc traverse clear
    richcompare weaklistoffset iter iternext methods members getset base dict descr_get descr_set
    dictoffset init alloc new free is_gc bases mro cache subclasses weaklist del version_tag
    finalize vectorcall""".split())}

# Field with a function -> its member.
SLOTS = {
    "dealloc": "tp_dealloc", "getattr": "tp_getattr", "setattr": "tp_setattr", "repr": "__repr__",
    "hash": "__hash__", "call": "__call__", "str": "__str__", "getattro": "__getattribute__",
    "setattro": "__setattr__", "traverse": "tp_traverse", "clear": "tp_clear",
    "richcompare": "tp_richcompare", "iter": "__iter__", "iternext": "__next__",
    "descr_get": "__get__", "descr_set": "__set__", "init": "__init__", "alloc": "tp_alloc",
    "new": "__new__", "free": "tp_free", "is_gc": "tp_is_gc", "del": "tp_del",
    "finalize": "__del__", "vectorcall": "tp_vectorcall",
}
SINCE = {"finalize": (3, 4), "vectorcall": (3, 8)}  # the first version with the field

# nb_* whose method has another name than the field.
OPERATORS = {"subtract": "sub", "multiply": "mul", "remainder": "mod", "power": "pow",
             "negative": "neg", "positive": "pos", "absolute": "abs", "floor_divide": "floordiv",
             "true_divide": "truediv", "matrix_multiply": "matmul", "divide": "div"}
NUMBER_2 = """add subtract multiply divide remainder divmod power negative positive absolute bool
    invert lshift rshift and xor or coerce int long float oct hex inplace_add inplace_subtract
    inplace_multiply inplace_divide inplace_remainder inplace_power inplace_lshift inplace_rshift
    inplace_and inplace_xor inplace_or floor_divide true_divide inplace_floor_divide
    inplace_true_divide index""".split()
NUMBER_3 = """add subtract multiply remainder divmod power negative positive absolute bool invert
    lshift rshift and xor or int - float inplace_add inplace_subtract inplace_multiply
    inplace_remainder inplace_power inplace_lshift inplace_rshift inplace_and inplace_xor inplace_or
    floor_divide true_divide inplace_floor_divide inplace_true_divide index matrix_multiply
    inplace_matrix_multiply""".split()
SEQUENCE = """__len__ __add__ __mul__ __getitem__ sq_slice __setitem__ sq_ass_slice __contains__
    __iadd__ __imul__""".split()
MAPPING = ["__len__", "__getitem__", "__setitem__"]
ASYNC = ["__await__", "__aiter__", "__anext__", "am_send"]
BUFFER = ["bf_getbuffer", "bf_releasebuffer"]


def operator(field: str) -> str:
    """The member of an nb_* field, "" for an unused one."""
    if field == "-":
        return ""
    place = "i" if field.startswith("inplace_") else ""
    field = field[8:] if place else field
    return "__%s%s__" % (place, OPERATORS.get(field, field))


def tables(version: tuple) -> list:
    """[(field, [member])]: the tables that a type of this version points to."""
    if version < (3,):
        return [("as_number", [operator(name) for name in NUMBER_2]), ("as_sequence", SEQUENCE),
                ("as_mapping", MAPPING), ("as_buffer", [""] * 4 + BUFFER)]
    number = NUMBER_3 if version >= (3, 5) else NUMBER_3[:-2]
    found = [("as_number", [operator(name) for name in number]), ("as_sequence", SEQUENCE),
             ("as_mapping", MAPPING), ("as_buffer", BUFFER)]
    if version >= (3, 5):
        found.append(("as_async", ASYNC if version >= (3, 10) else ASYNC[:3]))
    return found


def type_slots(version: tuple) -> list:
    """[(word after tp_name, member)] of the functions in PyTypeObject itself."""
    return [(FIELDS[field], member) for field, member in SLOTS.items()
            if version >= SINCE.get(field, (0,))]


# PyType_Slot.slot -> member (Include/typeslots.h; numbers are never used again).
SPEC_METHODS, SPEC_GETSET = 64, 73
SPEC_SLOT_MAX = 100
SPEC_SLOT_OF_TYPE = 6  # smaller numbers are also those of a PyModuleDef_Slot
SPEC_SLOTS = dict(enumerate(
    ["bf_getbuffer", "bf_releasebuffer", "__setitem__", "__len__", "__getitem__"]
    + [operator(name) for name in """absolute add and bool divmod float floor_divide index
       inplace_add inplace_and inplace_floor_divide inplace_lshift inplace_multiply inplace_or
       inplace_power inplace_remainder inplace_rshift inplace_subtract inplace_true_divide
       inplace_xor int invert lshift multiply negative or positive power remainder rshift subtract
       true_divide xor""".split()]
    + """__setitem__ __add__ __contains__ __iadd__ __imul__ __getitem__ __len__ __mul__ tp_alloc - -
       __call__ tp_clear tp_dealloc tp_del __get__ __set__ - tp_getattr __getattribute__ __hash__
       __init__ tp_is_gc __iter__ __next__ - __new__ __repr__ tp_richcompare tp_setattr __setattr__
       __str__ tp_traverse - - tp_free __matmul__ __imatmul__ __await__ __aiter__ __anext__ __del__
       am_send tp_vectorcall""".split(), 1))

# The calling conventions of PyMethodDef.ml_flags, without METH_CLASS, METH_STATIC, METH_COEXIST
# (Include/methodobject.h), and the function that a call of such an object goes through
# (Objects/methodobject.c cfunction_*, Objects/descrobject.c method_*).
METH_ATTRIBUTES = 0x70
METH_MAX = 0x3ff
CONVENTIONS = {0x1: "VARARGS", 0x2: "VARARGS", 0x3: "VARARGS_KEYWORDS", 0x4: "NOARGS", 0x8: "O",
               0x80: "FASTCALL", 0x82: "FASTCALL_KEYWORDS", 0x282: "FASTCALL_KEYWORDS_METHOD"}

# What else a Python program calls a slot. A type with a tp_vectorcall is called through it.
READABLE = {"tp_vectorcall": "__new__"}

# Functions of the interpreter's own file that only lead from one Python function to the next have
# their C names, by which the merge knows them (merger/parse/function_class.c).
GLUE = {
    "builtin_function_or_method.__call__": "cfunction_call",
    "method_descriptor.__call__": "methoddescr_call",
    "classmethod_descriptor.__call__": "classmethoddescr_call",
    "wrapper_descriptor.__call__": "wrapperdescr_call",
    "method-wrapper.__call__": "wrapper_call",
    "method.__call__": "method_call",
    "instancemethod.__call__": "instancemethod_call",
    "instance.__call__": "instance_call",
    "function.__call__": "function_call",
    "type.__call__": "type_call",
    "type.tp_vectorcall": "type_vectorcall",
    "generator.__next__": "gen_iternext",
    "generator.send": "gen_send",
    "coroutine.send": "gen_send",
    "generator.am_send": "PyGen_am_send",
    "coroutine.am_send": "PyGen_am_send",
}
# A slot whose function in Objects/typeobject.c has another name than slot_ and the field.
SLOT_FUNCTIONS = {"tp_getattro": "tp_getattr_hook"}
