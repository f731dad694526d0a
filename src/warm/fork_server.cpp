#include "src/warm/fork_server.hpp"

#include "src/process/hostile_folder.hpp"
#include "src/process/pipe.hpp"
#include "src/warm/packets.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <fstream>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// Loading an engine takes half a second; luaotfload without a font cache minutes, but then it is not worth waiting for.
constexpr milliseconds loading{60'000};
constexpr milliseconds opening{10'000};
constexpr milliseconds obeying{10'000};

error broken(std::string why) { return error(errc::unavailable, "a warm engine does not answer", std::move(why)); }

/// The number that this process knows it by.
pid_t number_of(int pidfd) {
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(pidfd));
  for (std::string word; info >> word;) {
    if (word != "Pid:") continue;
    pid_t pid = 0;
    info >> pid;
    return pid;
  }
  return 0;
}

bool put_name(char (&to)[most_name], const std::string& name) {
  if (name.size() >= most_name) return false;
  std::copy(name.begin(), name.end(), to);
  return true;
}

}  // namespace

room::~room() {
  control_.close();
  if (!process_) return;
  // It ends by itself now. Whoever removes its folders next has to know that nobody works in them any more.
  pollfd gone{process_.get(), POLLIN, 0};
  if (::poll(&gone, 1, 2000) != 1) {
    kill();
    ::poll(&gone, 1, 10'000);
  }
}

std::string room::ready(milliseconds patience) const {
  const auto news = receive_packet<opened>(control_.get(), patience);
  if (!news) return "the room does not answer";
  if (news->failed == 0) return {};
  return "the room's walls do not stand: step " + std::to_string(news->step) + ": " + std::strerror(news->failed);
}

bool room::tell(order what, pid_t process) const {
  request asked;
  asked.what = what;
  asked.process = process;
  return send_packet(control_.get(), asked, {});
}

void room::still() const {
  if (!tell(order::still, 0) || !receive_packet<opened>(control_.get(), obeying)) kill();
}

bool room::go(pid_t process) const {
  return tell(order::go, process) && receive_packet<opened>(control_.get(), obeying).has_value();
}

void room::kill() const { (void)::syscall(SYS_pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0); }

result<std::unique_ptr<fork_server>> fork_server::start(const process::walls& around, engine_kind kind,
                                                        const server_place& place) {
  const auto recipe = recipe_of(kind);
  std::error_code failed;
  for (const char* part : {"job", "tmp", "none"}) fs::create_directories(place.folder / part, failed);
  if (failed) return error(errc::unavailable, "the folder of the warm engines cannot be made", failed.message());
  for (const auto& file : recipe.files) std::ofstream(place.folder / "job" / file).put('\n');

  command engine;
  engine.argv = recipe.argv;
  engine.root = place.folder / "job";
  engine.scratch = place.folder / "tmp";
  engine.variables = recipe.variables;
  engine.variables.emplace_back("LD_PRELOAD", "/texbuild/preload.so");
  engine.readable = place.caches;
  engine.readable.push_back({place.preload, "/texbuild"});
  engine.readable.push_back({place.folder / "none", "/none"});
  engine.limits = process_limits{};
  engine.limits.processes = 0;
  engine.limits.cpu = engine.limits.wall = milliseconds(0);
  engine.limits.memory_bytes = engine.limits.file_bytes = 0;

  auto ends = make_socket_pair();
  const auto null = process::null_descriptor();
  if (!ends || !null) return broken("no descriptors left");
  process::start_options how;
  how.filtered = false;
  how.shared = {{place.jobs, "/jobs"}, {place.projects, "/projects"}};
  how.descriptors = {{null.get(), 0}, {null.get(), 1}, {null.get(), 2}, {ends->second.get(), control_descriptor}};
  const auto pid = around.start(engine, std::move(how));
  if (!pid) return pid.error();
  ends->second.close();
  std::unique_ptr<fork_server> server(new fork_server(place, std::move(ends->first), *pid));
  const auto parked = receive_packet<opened>(server->control_.get(), loading);
  if (!parked) return broken(std::string(to_string(kind)) + " could not be parked");
  return server;
}

fork_server::~fork_server() {
  control_.close();
  ::kill(pid_, SIGKILL);  // not waited for yet, so the number is still its own
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  process::remove_folder(place_.folder);
}

result<room> fork_server::open(const fs::path& job, const fs::path& scratch) {
  request asked;
  asked.what = order::open_room;
  const auto inside = [this](const fs::path& folder) {
    const auto relative = folder.lexically_relative(place_.projects).string();
    return relative.empty() || relative.starts_with("..") ? "jobs/" + folder.lexically_relative(place_.jobs).string()
                                                          : "projects/" + relative;
  };
  if (!put_name(asked.job, inside(job)) || !put_name(asked.scratch, inside(scratch)))
    return broken("a folder's name is too long");
  auto ends = make_socket_pair();
  if (!ends) return broken("no descriptors left");
  descriptor process;
  {
    const std::scoped_lock turn(talking_);
    if (!send_packet(control_.get(), asked, {ends->second.get()})) return broken("it is gone");
    const auto answer = receive_packet<opened>(control_.get(), opening, &process);
    if (!answer) return broken("it does not answer");
    if (answer->failed != 0 || !process) return broken(std::string("no namespaces: ") + std::strerror(answer->failed));
  }
  ends->second.close();
  const auto pid = number_of(process.get());
  room made(std::move(ends->first), std::move(process), pid);
  const auto ready = made.ready(opening);
  if (!ready.empty()) return broken(ready);
  return made;
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
