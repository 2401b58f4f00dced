//! Who ends in its first step is never entered among all tasks: before Python 3.12 that is a weak reference for each, put in
//! and taken out by functions in Python. From 3.12 on asyncio does it so by itself.
//!
//! ```text
//! asyncio.Task() ─▶ _all_tasks.add(task) ─┬─ one that is started at once ─▶ kept here; entered if its first step does not end it
//!                                         └─ any other ─▶ entered, as asyncio does it
//! asyncio.all_tasks() ─▶ whoever is kept here is entered first
//! ```

use std::{
    ptr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use pyo3::{ffi, intern, prelude::*, sync::PyOnceLock, types::PyString};

use super::Local;
use crate::native::{self, Method, guarded};

/// What stands in the place of asyncio's set of all tasks; whatever it does not know, that set does.
#[pyclass(frozen, module = "enfilade")]
pub(super) struct FirstSteps {
    all: Py<PyAny>,
    /// As it was.
    add: Py<PyAny>,
    kept: Mutex<Vec<Py<PyAny>>>,
}

static INSTALLED: PyOnceLock<Option<Py<FirstSteps>>> = PyOnceLock::new();

/// Puts it there, once in a process; a Python that keeps its tasks otherwise is left as it is.
pub(super) fn install(py: Python<'_>) {
    if py.version_info() < (3, 12) {
        INSTALLED.get_or_init(py, || try_install(py).ok());
    }
}

fn try_install(py: Python<'_>) -> PyResult<Py<FirstSteps>> {
    let (tasks, name) = (py.import("asyncio.tasks")?, intern!(py, "_all_tasks"));
    let all = tasks.getattr(name)?;
    let add = all.getattr(intern!(py, "add"))?;
    let steps =
        Bound::new(py, FirstSteps { all: all.clone().unbind(), add: add.unbind(), kept: Mutex::default() })?;
    tasks.setattr(name, &steps)?;
    // Whoever is written in C has the set itself, and asks it by this name.
    // SAFETY: the function takes an object of `FirstSteps`.
    all.setattr(intern!(py, "add"), unsafe { native::function(steps.as_any(), &ADD) }?)?;
    Ok(steps.unbind())
}

static ADD: Method = Method(native::with_one(c"add", add));

unsafe extern "C" fn add(steps: *mut ffi::PyObject, task: *mut ffi::PyObject) -> *mut ffi::PyObject {
    guarded(ptr::null_mut(), |py| {
        // SAFETY: Python gives the function's `self` and its argument, both alive through the call.
        let (steps, task) =
            unsafe { (Bound::from_borrowed_ptr(py, steps), Bound::from_borrowed_ptr(py, task)) };
        let steps = steps.cast::<FirstSteps>()?.get();
        if Local::current().is_some_and(|local| local.making.take()) {
            steps.lock().push(task.unbind());
        } else {
            steps.add.bind(py).call1((task,))?;
        }
        Ok(py.None().into_ptr())
    })
}

/// A task's first step is over: unless it was the last, the task is entered now.
pub(super) fn over(py: Python<'_>, task: &Bound<'_, PyAny>, ended: bool) -> PyResult<()> {
    let Some(Some(steps)) = INSTALLED.get(py) else { return Ok(()) };
    let steps = steps.get();
    let kept = {
        let mut kept = steps.lock();
        let place = kept.iter().rposition(|kept| kept.is(task));
        place.map(|place| kept.swap_remove(place))
    };
    if kept.is_some() && !ended { steps.add.bind(py).call1((task,)).map(drop) } else { Ok(()) }
}

impl FirstSteps {
    /// Nothing of Python's is called while it is locked.
    fn lock(&self) -> MutexGuard<'_, Vec<Py<PyAny>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them, those in their first step among them.
    fn all<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        let kept = std::mem::take(&mut *self.lock());
        for task in kept {
            self.add.bind(py).call1((task,))?;
        }
        Ok(self.all.bind(py))
    }
}

#[pymethods]
impl FirstSteps {
    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.all(py)?.try_iter()?.into_any())
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.all(py)?.len()
    }

    fn __contains__(&self, py: Python<'_>, task: Bound<'_, PyAny>) -> PyResult<bool> {
        self.all(py)?.contains(task)
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        self.all(py)?.getattr(name)
    }
}
