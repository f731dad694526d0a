#include "tests/hostile/tex/ground.hpp"

#include "tests/hostile/tex/pdf_streams.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <netinet/in.h>
#include <random>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hostile {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string random_word() {
  std::random_device source;
  std::string word;
  for (int i = 0; i < 24; ++i) word += "bcdfghjkmnpqrstv"[source() % 16];
  return word;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

/// Processes of this machine that live in a mount of that folder, whatever they call themselves.
std::vector<std::string> processes_below(const fs::path& folder) {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const auto pid = entry.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (read_file(entry.path() / "mountinfo").find(folder.string()) != std::string::npos)
      found.push_back(pid + " " + read_file(entry.path() / "cmdline"));
  }
  return found;
}

texbuild::build_request owned_by(std::string owner) {
  texbuild::build_request request;
  request.owner = std::move(owner);
  return request;
}

}  // namespace

network_ear::network_ear() {
  const auto open = [this](int family, int type) {
    const int fd = ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    bool bound = false;
    if (family == AF_INET) {
      sockaddr_in at{};
      at.sin_family = AF_INET;
      at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      at.sin_port = htons(static_cast<std::uint16_t>(port_));
      bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) == 0;
      socklen_t size = sizeof(at);
      if (bound && ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0) port_ = ntohs(at.sin_port);
    } else {
      sockaddr_in6 at{};
      at.sin6_family = AF_INET6;
      at.sin6_addr = in6addr_loopback;
      at.sin6_port = htons(static_cast<std::uint16_t>(port_));
      bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) == 0;
    }
    if (!bound || (type == SOCK_STREAM && ::listen(fd, 16) != 0)) {
      ::close(fd);
      return;
    }
    (type == SOCK_STREAM ? streams_ : datagrams_).push_back(fd);
  };
  for (const int family : {AF_INET, AF_INET6})
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) open(family, type);
  if (streams_.empty() || datagrams_.empty()) throw std::runtime_error("no socket to listen on");
}

network_ear::~network_ear() {
  for (const auto* all : {&streams_, &datagrams_})
    for (const int fd : *all) ::close(fd);
}

bool network_ear::heard_something() const {
  char byte = 0;
  return std::any_of(streams_.begin(), streams_.end(), [](int fd) { return ::accept(fd, nullptr, nullptr) >= 0; }) ||
         std::any_of(datagrams_.begin(), datagrams_.end(), [&](int fd) { return ::recv(fd, &byte, 1, 0) >= 0; });
}

ground::ground() {
  // Few open files, as on most machines: what a build leaves must be read and removed with them.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, 1024);
    (void)::setrlimit(RLIMIT_NOFILE, &files);
  }
  token_ = random_word();
  secret_ = "CANARY" + random_word();
  planted_ = "planted-" + random_word();
  ::setenv("TEXBUILD_CANARY", secret_.c_str(), 1);
  const char* home = std::getenv("HOME");
  home_ = home != nullptr && fs::is_directory(home) ? fs::path(home) : outside_.path();

  tmp_secret_ = fs::temp_directory_path() / ("texbuild-secret-" + random_word() + ".txt");
  home_secret_ = home_ / (".texbuild-secret-" + random_word() + ".txt");
  options_.data_folder = outside_.path() / "data";
  for (const auto& file : {tmp_secret_, home_secret_}) write_file(file, secret_ + "\n");
  for (const char* kind : {"txt", "tex", "aux", "bst", "ist", "eps", "png", "pfb", "otf"})
    write_file(options_.data_folder / ("secret." + std::string(kind)), secret_ + "\n");
  write_file(options_.data_folder / "secret.bib",
             "@book{stolen, author={" + secret_ + "}, title={" + secret_ + "}, year=2000}\n");
  // Nothing but our own walls shall keep a build from them.
  for (const auto& file : fs::directory_iterator(options_.data_folder)) fs::permissions(file, fs::perms(0644));

  options_.cache_folder = TEXBUILD_TEST_CACHE;
  options_.allow_shell_escape = true;
  options_.workers = 2;
  // Most endless ones are ended by the processor's time, so that a busy machine gives the others the time they need.
  options_.limits.wall = 30s;
  options_.limits.cpu = 8s;
  options_.limits.memory_bytes = 500u << 20;
  options_.limits.processes = 40;
  options_.limits.file_bytes = 30u << 20;
  options_.limits.disk_bytes = 60u << 20;
  options_.limits.disk_files = 3000;
  options_.limits.output_bytes = 8u << 20;
  sandbox_ = texbuild::make_sandbox().value();
  texbuild::environment parts;
  parts.processes = sandbox_;
  engine_ = texbuild::engine::open(options_, parts).value();
  fs::permissions(options_.data_folder, fs::perms(0755));
  engine_->warm().value();

  temporary_folder other;
  write_file(other.path() / "main.tex",
             "\\documentclass{article}\\pdfcompresslevel=0\\begin{document}" + secret_ + "\\end{document}\n");
  const auto theirs =
      engine_->build(texbuild::project::from_folder(other.path()).value(), owned_by("somebody else")).value();
  if (!theirs.succeeded()) throw std::runtime_error("the other user's build failed: " + theirs.info.message);
  other_build_ = (options_.data_folder / "blobs/builds" / theirs.info.id).string();
  other_pdf_ = (options_.data_folder / "blobs" / theirs.pdf->key()).string();
  if (!fs::exists(other_pdf_)) throw std::runtime_error("the other user's PDF is not where it is looked for");
  fs::copy_file(other_pdf_, options_.data_folder / "secret.pdf");
}

ground::~ground() {
  engine_.reset();
  std::error_code ignored;
  fs::remove(tmp_secret_, ignored);
  fs::remove(home_secret_, ignored);
}

std::string ground::filled(std::string text) const {
  replace_all(text, "@SECRET@", (options_.data_folder / "secret").string());
  replace_all(text, "@TMP_SECRET@", tmp_secret_.string());
  replace_all(text, "@HOME_SECRET@", home_secret_.string());
  replace_all(text, "@OTHER_BUILD@", other_build_);
  replace_all(text, "@OTHER_PDF@", other_pdf_);
  replace_all(text, "@DATA@", options_.data_folder.string());
  replace_all(text, "@HOME@", home_.string());
  replace_all(text, "@PORT@", std::to_string(ear_.port()));
  replace_all(text, "@PID@", std::to_string(::getpid()));
  replace_all(text, "@PLANTED@", planted_);
  replace_all(text, "@TOKEN@", token_);
  return text;
}

std::unique_ptr<attack> ground::let_loose(std::string name, const texbuild::project& source,
                                          const texbuild::build_request& request) {
  auto running = std::make_unique<attack>();
  running->name = std::move(name);
  running->may_run_commands = request.shell_escape;
  running->id = engine_->submit(source, request).value().id;
  auto* it = running.get();
  running->watching = engine_
                          ->events(running->id, 0,
                                   [it](const texbuild::build_event& e) {
                                     const std::scoped_lock guard(it->mutex);
                                     constexpr std::size_t enough = 16u << 20;
                                     if (it->said.size() < enough) it->said += e.text + "\n";
                                     if (e.note) it->notes.push_back(to_string(*e.note) + "\n" + e.note->context);
                                   })
                          .value();
  return running;
}

void ground::expect_clean(std::string_view text, const std::string& where) const {
  EXPECT_EQ(text.find(secret_), std::string_view::npos) << "the secret is in " << where;
  EXPECT_EQ(text.find("root:x:0:"), std::string_view::npos) << "/etc/passwd is in " << where;
}

texbuild::build_outcome ground::expect_nothing_leaked(attack& running) {
  const auto waited = engine_->wait(running.id, 2min);
  if (!waited) {
    ADD_FAILURE() << "no outcome: " << waited.error().detail();
    return {};
  }
  const auto& outcome = *waited;
  EXPECT_TRUE(has_ended(outcome.info.status)) << "it still runs";
  EXPECT_TRUE(outcome.info.status == texbuild::build_status::completed ||
              outcome.info.status == texbuild::build_status::failed)
      << to_string(outcome.info.status);
  EXPECT_LT(outcome.info.duration, 3 * options_.limits.wall) << "it was not stopped in time";
  EXPECT_TRUE(outcome.succeeded() || !outcome.info.message.empty()) << "it does not say why it failed";
  EXPECT_TRUE(is_plain_text(outcome.info.message)) << outcome.info.message;
  expect_clean(outcome.info.message, "the message");
  for (const auto& d : outcome.diagnostics) {
    expect_clean(to_string(d) + d.context, "a diagnostic");
    EXPECT_TRUE(is_plain_text(d.message) && is_plain_text(d.file) && is_plain_text(d.context, "\n")) << d;
  }

  running.watching = {};
  const std::string marks[] = {"LEAK-" + token_, "WROTE-" + token_};
  {
    const std::scoped_lock guard(running.mutex);
    expect_clean(running.said, "the output");
    EXPECT_TRUE(is_plain_text(running.said, "\n")) << "a line of output is no plain text";
    for (const auto& mark : marks) {
      const auto at = running.said.find(mark);
      EXPECT_EQ(at, std::string::npos) << "it got through: "
                                       << running.said.substr(std::min(at, running.said.size()), 100);
    }
    for (const auto& note : running.notes) expect_clean(note, "a diagnostic of an event");
  }

  for (const auto& file : outcome.outputs) {
    EXPECT_TRUE(is_plain_text(file.name)) << "an output is called " << file.name;
    const auto opened = engine_->open_artifact(running.id, file.name);
    EXPECT_TRUE(opened) << file.name << " cannot be opened: " << (opened ? std::string() : opened.error().detail());
    if (!opened) continue;
    const auto bytes = opened->bytes().read_all(100u << 20).value();
    expect_clean(bytes, file.name);
    if (!running.may_run_commands) {
      EXPECT_NE(fs::path(file.name).filename(), "ran") << "a command ran";
    }
    if (!bytes.starts_with("%PDF")) continue;
    expect_clean(inflated_streams(bytes), "a stream of " + file.name);
    temporary_folder reading;
    write_file(reading.path() / "x.pdf", bytes);
    texbuild::command c;
    c.argv = {"pdftotext", "-q", "x.pdf", "-"};
    c.root = reading.path();
    c.limits.wall = 20s;
    c.limits.output_bytes = 16u << 20;
    std::string text;
    (void)sandbox_->run(c, [&](std::string_view part) { text += part; }, {}).value();
    expect_clean(text, "the text of " + file.name);
    for (const auto& mark : marks) EXPECT_EQ(text.find(mark), std::string::npos) << "it got through";
  }
  return outcome;
}

void ground::expect_nothing_left() {
  EXPECT_FALSE(ear_.heard_something()) << "a build reached the network";
  EXPECT_TRUE(fs::is_empty(options_.data_folder / "scratch")) << "the scratch folder is not empty";
  for (const auto& process : processes_below(outside_.path())) ADD_FAILURE() << "a process is left: " << process;
  for (const fs::path& place : {fs::path("/"), fs::path("/etc"), fs::path("/usr/bin"), fs::path("/usr/lib"),
                                fs::path("/dev"), fs::path("/dev/shm"), fs::path("/var"), fs::path("/var/lib/texmf"),
                                home_, fs::temp_directory_path(), fs::current_path(), outside_.path()})
    EXPECT_FALSE(fs::exists(fs::symlink_status(place / planted_))) << "written outside, into " << place;
  for (const auto& entry : fs::recursive_directory_iterator(outside_.path()))
    EXPECT_NE(entry.path().filename(), planted_) << "written outside: " << entry.path();
  // What was there is as it was.
  EXPECT_EQ(read_file(tmp_secret_), secret_ + "\n");
  EXPECT_EQ(read_file(home_secret_), secret_ + "\n");
  EXPECT_EQ(read_file(options_.data_folder / "secret.txt"), secret_ + "\n");
  EXPECT_TRUE(fs::exists(other_pdf_));
}

bool is_plain_text(std::string_view text, std::string_view allowed) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      if ((first < 0x20 || first == 0x7f) && allowed.find(text[i]) == std::string_view::npos) return false;
      ++i;
      continue;
    }
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0U) != 0x80U) return false;
    if (first == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) return false;  // the upper control characters
    i += length;
  }
  return true;
}

}  // namespace hostile
