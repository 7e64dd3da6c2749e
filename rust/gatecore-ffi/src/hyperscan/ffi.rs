//! The part of Hyperscan's C interface that gatecore uses (`hs.h` of version 5.4.2), by hand.
//!
//! A dozen functions do not justify a bindings generator with its own libclang at build time.
#![allow(non_camel_case_types)]

use std::ffi::{c_char, c_int, c_uint, c_ulonglong, c_void};

/// `hs_database_t`, opaque.
#[repr(C)]
pub struct hs_database_t {
    _private: [u8; 0],
}

/// `hs_scratch_t`, opaque.
#[repr(C)]
pub struct hs_scratch_t {
    _private: [u8; 0],
}

#[repr(C)]
pub struct hs_compile_error_t {
    pub message: *mut c_char,
    pub expression: c_int,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct hs_platform_info_t {
    pub tune: c_uint,
    pub cpu_features: c_ulonglong,
    pub reserved1: c_ulonglong,
    pub reserved2: c_ulonglong,
}

#[repr(C)]
pub struct hs_expr_info_t {
    pub min_width: c_uint,
    pub max_width: c_uint,
    pub unordered_matches: c_char,
    pub matches_at_eod: c_char,
    pub matches_only_at_eod: c_char,
}

pub type match_event_handler = extern "C" fn(
    id: c_uint,
    from: c_ulonglong,
    to: c_ulonglong,
    flags: c_uint,
    context: *mut c_void,
) -> c_int;

pub const HS_SUCCESS: c_int = 0;
pub const HS_NOMEM: c_int = -2;
pub const HS_SCAN_TERMINATED: c_int = -3;
pub const HS_COMPILER_ERROR: c_int = -4;
pub const HS_DB_VERSION_ERROR: c_int = -5;
pub const HS_DB_PLATFORM_ERROR: c_int = -6;

pub const HS_FLAG_SINGLEMATCH: c_uint = 8;
pub const HS_MODE_BLOCK: c_uint = 1;

extern "C" {
    // Of cpp/work.cc.
    pub fn gatecore_work_prepare();
    pub fn gatecore_work_on(work: *mut super::work::Work);

    pub fn hs_compile_multi(
        expressions: *const *const c_char,
        flags: *const c_uint,
        ids: *const c_uint,
        elements: c_uint,
        mode: c_uint,
        platform: *const hs_platform_info_t,
        db: *mut *mut hs_database_t,
        error: *mut *mut hs_compile_error_t,
    ) -> c_int;
    pub fn hs_expression_info(
        expression: *const c_char,
        flags: c_uint,
        info: *mut *mut hs_expr_info_t,
        error: *mut *mut hs_compile_error_t,
    ) -> c_int;
    pub fn hs_free_compile_error(error: *mut hs_compile_error_t) -> c_int;
    pub fn hs_free_database(db: *mut hs_database_t) -> c_int;
    pub fn hs_serialize_database(
        db: *const hs_database_t,
        bytes: *mut *mut c_char,
        length: *mut usize,
    ) -> c_int;
    pub fn hs_deserialize_database(
        bytes: *const c_char,
        length: usize,
        db: *mut *mut hs_database_t,
    ) -> c_int;
    pub fn hs_alloc_scratch(db: *const hs_database_t, scratch: *mut *mut hs_scratch_t) -> c_int;
    pub fn hs_free_scratch(scratch: *mut hs_scratch_t) -> c_int;
    pub fn hs_scan(
        db: *const hs_database_t,
        data: *const c_char,
        length: c_uint,
        flags: c_uint,
        scratch: *mut hs_scratch_t,
        on_event: match_event_handler,
        context: *mut c_void,
    ) -> c_int;
    pub fn hs_valid_platform() -> c_int;
    pub fn hs_version() -> *const c_char;

    /// The C library's `free`: Hyperscan's default allocator is `malloc`.
    pub fn free(pointer: *mut c_void);
}
