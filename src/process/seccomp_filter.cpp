#include "src/process/seccomp_filter.hpp"

#include <seccomp.h>

#include <array>
#include <cerrno>
#include <memory>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace process {
namespace {

// A list of what is refused, not of what is allowed: TeX Live brings Perl, Lua, Python and Ghostscript, whose calls
// differ from release to release, and the namespaces are the wall. The filter takes away the parts of the kernel that
// no typesetting needs and that its past flaws were found in.
constexpr const char* refused[] = {
    // namespaces and mounts: the walls themselves
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "chroot",
    "setns",
    "unshare",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    // other processes' memory
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "kcmp",
    "pidfd_getfd",
    // large or young parts of the kernel
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "add_key",
    "request_key",
    "keyctl",
    "fanotify_init",
    "lookup_dcookie",
    "remap_file_pages",
    "vmsplice",
    "landlock_create_ruleset",
    // memory that belongs to no process, and so to no limit
    "memfd_create",
    "memfd_secret",
    "shmget",
    "msgget",
    "semget",
    "mq_open",
    "socketpair",
    // the machine
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "create_module",
    "reboot",
    "swapon",
    "swapoff",
    "acct",
    "quotactl",
    "quotactl_fd",
    "syslog",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "sethostname",
    "setdomainname",
    "iopl",
    "ioperm",
    "nfsservctl",
    "vhangup",
    "mbind",
    "migrate_pages",
    "move_pages",
    "set_mempolicy",
    // files by handle, beside every path check
    "open_by_handle_at",
    "name_to_handle_at",
    // other personalities
    "personality",
    "modify_ldt",
    "uselib",
};

struct release {
  void operator()(void* filter) const noexcept { seccomp_release(filter); }
};

}  // namespace

result<std::string> make_seccomp_filter() {
  const auto failed = [](const char* what) {
    return error(errc::unavailable, "the sandbox's system call filter cannot be made", what);
  };
  const std::unique_ptr<void, release> filter(seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) return failed("seccomp_init");
  // Calls of another architecture (32-bit, x32) would go around the list.
  if (seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0) return failed("badarch");

  for (const char* name : refused) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || number < 0) continue;  // not a call of this machine
    if (seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), number, 0) != 0) return failed(name);
  }
  // New namespaces by clone: looked at by flag. clone3 hides its flags in memory; ENOSYS makes libc fall back to clone.
  for (const unsigned flag : std::array<unsigned, 7>{CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET,
                                                     CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP}) {
    const scmp_arg_cmp has_flag{0, SCMP_CMP_MASKED_EQ, flag, flag};  // the library's macros are C only
    if (seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, &has_flag) != 0)
      return failed("clone");
  }
  if (seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) != 0) return failed("clone3");
  // No sockets, not even local ones: their buffers are memory that no limit counts, and files can be hidden in them.
  if (seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 0) != 0) return failed("socket");
  // Characters pushed into a terminal.
  for (const unsigned long request : std::array<unsigned long, 2>{TIOCSTI, TIOCLINUX}) {
    const scmp_arg_cmp is_request{1, SCMP_CMP_MASKED_EQ, 0xffffffffUL, request};
    if (seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1, &is_request) != 0)
      return failed("ioctl");
  }

  const int file = ::memfd_create("texbuild-seccomp", MFD_CLOEXEC);
  if (file < 0) return failed("memfd_create");
  std::string program;
  if (seccomp_export_bpf(filter.get(), file) == 0) {
    const auto size = ::lseek(file, 0, SEEK_END);
    if (size > 0) {
      program.resize(static_cast<std::size_t>(size));
      if (::pread(file, program.data(), program.size(), 0) != size) program.clear();
    }
  }
  ::close(file);
  if (program.empty()) return failed("seccomp_export_bpf");
  return program;
}

}  // namespace process
}  // namespace v0
}  // namespace texbuild
