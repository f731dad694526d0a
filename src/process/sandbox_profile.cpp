#include "src/process/sandbox_profile.hpp"

#include "src/process/tex_environment.hpp"

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace process {
namespace {

namespace fs = std::filesystem;

// What of a Debian system a TeX program reads. Nothing here holds a user's or the machine's secrets; whatever of it
// does not exist is left out.
constexpr const char* system_paths[] = {
    "/usr/bin",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/share/texlive",  // TeX Live
    "/usr/share/texmf",
    "/usr/share/tex-common",
    "/usr/share/texmf-dist",  // TeX Live of other distributions
    "/etc/texmf",
    "/var/lib/texmf",
    "/usr/share/perl",  // biber, makeglossaries, latexindent
    "/usr/share/perl5",
    "/etc/perl",
    "/usr/share/python3",  // programs of shell escape: minted
    "/usr/share/xindy",
    "/usr/share/fonts",  // fontspec, xdvipdfmx
    "/usr/share/fontconfig",
    "/usr/local/share/fonts",
    "/etc/fonts",
    "/var/cache/fontconfig",
    "/usr/share/poppler",  // images
    "/usr/share/ghostscript",
    "/etc/ghostscript",
    "/usr/share/color",
    "/usr/share/asymptote",
    "/usr/share/zoneinfo",
    "/etc/alternatives",  // links from /usr/bin
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/papersize",
    "/etc/paper.config",
    "/etc/libpaper.d",
};

/// The first regular file of that name on a search path.
fs::path find_program(std::string_view name, std::string_view path) {
  while (!path.empty()) {
    const auto colon = path.find(':');
    fs::path candidate = fs::path(path.substr(0, colon)) / name;
    if (candidate.is_absolute() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    path.remove_prefix(colon == std::string_view::npos ? path.size() : colon + 1);
  }
  return {};
}

}  // namespace

result<machine> inspect_machine(const sandbox_options& options) {
  const char* variable = std::getenv("PATH");
  const std::string search = variable ? std::string(variable) + ":/usr/bin:/bin" : "/usr/bin:/bin";
  machine here;
  here.bwrap = find_program("bwrap", search).string();
  if (here.bwrap.empty())
    return error(errc::unavailable,
                 "bubblewrap is missing: no build runs without its sandbox; install it with "
                 "'apt-get install bubblewrap'");
  here.path = "/usr/bin";
  std::error_code ignored;
  for (const char* path : system_paths)
    if (fs::exists(path, ignored)) here.visible.emplace_back(path);
  for (const char* link : {"/bin", "/lib", "/lib32", "/lib64", "/sbin"}) {
    if (fs::is_symlink(link, ignored)) {
      here.links.emplace_back(link);
    } else if (fs::is_directory(link, ignored)) {
      here.visible.emplace_back(link);
    }
  }
  // TeX Live from its own installer lies in one folder: <root>/bin/<machine>/pdflatex.
  std::vector<fs::path> roots = options.tex_folders;
  const auto pdflatex = find_program("pdflatex", search);
  if (!pdflatex.empty() && pdflatex.parent_path() != "/usr/bin" && pdflatex.parent_path() != "/bin") {
    const auto real = fs::canonical(pdflatex, ignored);
    const auto bin = real.parent_path();
    if (bin.parent_path().filename() == "bin") {
      roots.push_back(bin.parent_path().parent_path());
      here.path = bin.string() + ":" + here.path;
    }
  }
  for (const auto& root : roots)
    if (root.is_absolute() && root != "/" && fs::is_directory(root, ignored)) here.visible.push_back(root.string());
  return here;
}

std::vector<std::string> sandbox_arguments(const machine& here, const command& what, const own_folders& own,
                                           bool filtered) {
  std::vector<std::string> a;
  const auto add = [&a](std::initializer_list<std::string> words) { a.insert(a.end(), words); };

  // Namespaces: nothing of the host's users, processes, network, shared memory and host name.
  add({"--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"});
  add({"--uid", "65534", "--gid", "65534", "--hostname", "texbuild"});
  add({"--cap-drop", "ALL"});
  add({"--new-session"});      // no terminal to push characters into
  add({"--die-with-parent"});  // a server that is killed leaves no TeX behind

  // Files: programs and TeX Live, read-only; no /proc, no /sys, no /home, no other job.
  for (const auto& path : here.visible) add({"--ro-bind", path, path});
  for (const auto& link : here.links) add({"--symlink", fs::read_symlink(link).string(), link});
  add({"--dev", "/dev", "--remount-ro", "/dev"});  // read-only: /dev/shm would be memory that no limit counts
  add({"--bind", own.job, "/job"});
  add({"--bind", own.scratch, "/tmp"});
  for (std::size_t i = 0; i < what.readable.size(); ++i) add({"--ro-bind", own.readable[i], what.readable[i].inside});
  for (std::size_t i = 0; i < what.writable.size(); ++i) add({"--bind", own.writable[i], what.writable[i].inside});
  add({"--remount-ro", "/"});  // the root is a tmpfs, memory too

  // Environment: nothing of the host's.
  add({"--clearenv", "--setenv", "PATH", here.path});
  for (const auto& [name, value] : tex_environment()) add({"--setenv", name, value});
  for (const auto& [name, value] : what.variables) add({"--setenv", name, value});

  add({"--chdir", what.folder.empty() ? "/job" : "/job/" + what.folder});
  if (filtered) add({"--seccomp", std::to_string(seccomp_descriptor)});
  add({"--"});
  // The number of processes is limited inside, where the kernel counts this sandbox alone. A little above the limit
  // that is watched, so that the watcher sees it being broken and can say so.
  if (what.limits.processes > 0)
    add({"/usr/bin/prlimit", "--nproc=" + std::to_string(what.limits.processes + 16), "--"});
  a.insert(a.end(), what.argv.begin(), what.argv.end());
  return a;
}

}  // namespace process
}  // namespace v0
}  // namespace texbuild
