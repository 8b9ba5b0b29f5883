//! mpp-package
