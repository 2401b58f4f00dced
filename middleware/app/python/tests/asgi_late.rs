//! What asyncio imports and small apps never use: a program of its own, since another test may have loaded it.

use enfilade_python::{AsgiApp, Interpreter};
use enfilade_test::{Drive, assert_body};
use pyo3::{Python, ffi::c_str, prelude::*};

const APP: &std::ffi::CStr = c_str!(
    "
import sys
def late():
    names = ['ssl', 'inspect', 'asyncio.sslproto', 'asyncio.staggered']
    return [name for name in names if type(sys.modules[name]).__name__ == 'Late']

def use():
    import asyncio, inspect, ssl
    from asyncio import staggered
    from ssl import create_default_context
    assert inspect.signature(use).parameters == {} and inspect.iscoroutinefunction(app)
    assert asyncio.sslproto.SSLProtocol and staggered.staggered_race is asyncio.staggered.staggered_race
    assert create_default_context is ssl.create_default_context and 'SSLContext' in dir(ssl)
    assert ssl.SSLContext is asyncio.sslproto.ssl.SSLContext is asyncio.base_events.ssl.SSLContext

async def app(scope, receive, send):
    assert scope['type'] != 'lifespan'
    import asyncio, ssl
    before = late()
    ssl.enfilade = 'kept'
    after = late()
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.run_in_executor(None, use) for _ in range(16)))
    told = repr((before, after, late(), ssl.enfilade, type(ssl).__name__)).encode()
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': told})
"
);

#[test]
fn what_few_apps_need_is_loaded_when_it_is_asked_for_and_once() {
    Interpreter::new().start().expect("Python starts");
    Python::attach(|py| {
        // Hooks of the environment that a test runs in may have loaded them.
        let unload = c_str!("import sys\nfor name in ['ssl', 'inspect']:\n    sys.modules.pop(name, None)");
        py.run(unload, None, None).expect("two names");
        PyModule::from_code(py, APP, c"late_app.py", c"late_app").expect("an app");
    });
    let told =
        AsgiApp::run("late_app:app", |app| async move { Drive::service(app).get("/").send_async().await });
    assert_body!(
        told.expect("the app runs"),
        "(['ssl', 'inspect', 'asyncio.sslproto', 'asyncio.staggered'], ['inspect', 'asyncio.sslproto', \
         'asyncio.staggered'], [], 'kept', 'module')"
    );
}
