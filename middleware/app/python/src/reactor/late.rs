//! asyncio, without what it imports and small apps never use: that is loaded when something of it is asked for.
//!
//! ```text
//! import asyncio ─▶ ssl, inspect, asyncio.sslproto, asyncio.staggered: modules that are empty yet
//!                     └─ read, set or taken away: any attribute ─▶ loaded, and from then on modules like any other
//! ```
//!
//! The four are two fifths of that import. What the app has imported before stays as it is; where one of them cannot be
//! found, or `ssl` could not be loaded, it is left to asyncio.

use std::ffi::CStr;

use pyo3::{ffi, intern, prelude::*, types::PyModule};

/// As `importlib.util.LazyLoader` of Python 3.14 has it, save that `import` alone loads nothing.
const LATE: &CStr = c"
import sys
from _thread import RLock
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

Module = type(sys)
lock, loading = RLock(), set()

def load(module):
    spec = Module.__getattribute__(module, '__spec__')
    with lock:
        # Whoever has waited finds it loaded, and whoever loads it sees what is there so far.
        if type(module) is Late and spec.name not in loading:
            loading.add(spec.name)
            try:
                spec.loader.exec_module(module)
                Module.__setattr__(module, '__class__', Module)
            finally:
                loading.discard(spec.name)

class Late(Module):
    def __getattribute__(self, name):
        if name != '__spec__':
            load(self)
        return Module.__getattribute__(self, name)

    def __setattr__(self, name, value):
        load(self)
        Module.__setattr__(self, name, value)

    def __delattr__(self, name):
        load(self)
        Module.__delattr__(self, name)

def put(name, path=None):
    spec = PathFinder.find_spec(name, path)
    if name not in sys.modules and spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        Module.__setattr__(module, '__class__', Late)
        sys.modules[name] = module

def asyncio():
    package = PathFinder.find_spec('asyncio')
    inside = package and package.submodule_search_locations
    put('inspect')
    if PathFinder.find_spec('_ssl'):
        put('ssl')
    if inside:
        put('asyncio.sslproto', inside)
        put('asyncio.staggered', inside)
    import asyncio
    # What importing them would have set.
    for name in ['sslproto', 'staggered']:
        module = sys.modules.get('asyncio.' + name)
        if module is not None:
            setattr(asyncio, name, module)
    return asyncio
";

/// asyncio, imported if it is not yet.
pub(super) fn asyncio(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
    if modules.contains(intern!(py, "asyncio"))? {
        return py.import("asyncio");
    }
    // So many new objects that live on are looked through again and again, and nothing is found.
    // SAFETY: this thread holds Python's lock.
    let collects = unsafe { ffi::PyGC_Disable() } != 0;
    let imported = PyModule::from_code(py, LATE, c"enfilade_late.py", c"enfilade_late")
        .and_then(|late| late.getattr("asyncio")?.call0());
    if collects {
        // SAFETY: as above.
        unsafe { ffi::PyGC_Enable() };
    }
    Ok(imported?.cast_into()?)
}
