//! A module made by hand, without PyO3's macros.

use std::ptr::null_mut;

use pyo3_ffi::{
    METH_NOARGS, PyLong_FromLong, PyMethodDef, PyMethodDefPointer, PyModule_Create, PyModuleDef,
    PyModuleDef_HEAD_INIT, PyObject,
};

unsafe extern "C" fn answer(_module: *mut PyObject, _nothing: *mut PyObject) -> *mut PyObject {
    // SAFETY: called by Python, which holds its lock.
    unsafe { PyLong_FromLong(42) }
}

static mut METHODS: [PyMethodDef; 2] = [
    PyMethodDef {
        ml_name: c"answer".as_ptr(),
        ml_meth: PyMethodDefPointer { PyCFunction: answer },
        ml_flags: METH_NOARGS,
        ml_doc: c"Gives the answer.".as_ptr(),
    },
    PyMethodDef::zeroed(),
];

static mut MODULE: PyModuleDef = PyModuleDef {
    m_base: PyModuleDef_HEAD_INIT,
    m_name: c"pyo3_ffi_alone".as_ptr(),
    m_doc: c"A module made by hand.".as_ptr(),
    m_size: 0,
    m_methods: (&raw mut METHODS).cast(),
    m_slots: null_mut(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
};

/// What Python calls to make the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyInit_pyo3_ffi_alone() -> *mut PyObject {
    // SAFETY: called by Python, which holds its lock.
    unsafe { PyModule_Create(&raw mut MODULE) }
}
