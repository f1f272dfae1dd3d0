pub(crate) trait LogShim { fn detach_console(&self) {} fn file_descriptor(&self) -> &'static std::sync::atomic::AtomicI32 { Box::leak(Box::new(std::sync::atomic::AtomicI32::new(-1))) } fn file_path(&self) -> Option<std::path::PathBuf> { None } fn release_file(&self) {} }
impl LogShim for control::log::Logging {}
