//! What frozen classes share.

/// A class with methods of its own, whose copies are itself: it is frozen.
macro_rules! frozen {
    ($class:ident { $($own:tt)* }) => {
        #[pymethods]
        impl $class {
            fn __copy__(slf: Py<Self>) -> Py<Self> {
                slf
            }

            fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
                slf
            }

            $($own)*
        }
    };
}

pub(crate) use frozen;
