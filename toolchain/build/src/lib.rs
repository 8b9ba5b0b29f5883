//! mpp-build
