"""The parts of kernel-host, one file each: kernels, the guest's image, the guest itself."""
