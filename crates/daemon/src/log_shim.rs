pub(crate) trait LogShim { fn detach_console(&self) {} fn file_descriptor(&self) -> Option<i32> { None } fn file_path(&self) -> Option<std::path::PathBuf> { None } fn release_file(&self) {} }
impl LogShim for control::log::Logging {}
