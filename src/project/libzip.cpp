#include "src/project/libzip.hpp"

#include <cstring>
#include <new>

namespace texbuild {
inline namespace v0 {
namespace projects {
namespace {

struct source_state {
  source_opener opener;
  std::uint64_t size = 0;
  std::shared_ptr<const byte_source> bytes;
  std::uint64_t offset = 0;
  zip_error_t failure{};
};

zip_int64_t fail(source_state& state, int code) {
  ::zip_error_set(&state.failure, code, 0);
  return -1;
}

zip_int64_t answer(source_state& state, void* data, zip_uint64_t length, zip_source_cmd_t command) {
  switch (command) {
    case ZIP_SOURCE_OPEN:
      state.bytes = state.opener();
      state.offset = 0;
      return state.bytes && state.bytes->size() == state.size ? 0 : fail(state, ZIP_ER_OPEN);
    case ZIP_SOURCE_READ: {
      const auto got = state.bytes->read(state.offset, {static_cast<std::byte*>(data), length});
      if (got < 0) return fail(state, ZIP_ER_READ);
      state.offset += static_cast<std::uint64_t>(got);
      return got;
    }
    case ZIP_SOURCE_CLOSE:
      state.bytes.reset();
      return 0;
    case ZIP_SOURCE_STAT: {
      zip_stat_t status{};
      ::zip_stat_init(&status);
      status.size = state.size;
      status.valid = ZIP_STAT_SIZE;
      if (length < sizeof status) return fail(state, ZIP_ER_INVAL);
      std::memcpy(data, &status, sizeof status);
      return sizeof status;
    }
    case ZIP_SOURCE_SEEK: {
      const auto to = ::zip_source_seek_compute_offset(state.offset, state.size, data, length, &state.failure);
      if (to < 0) return -1;
      state.offset = static_cast<std::uint64_t>(to);
      return 0;
    }
    case ZIP_SOURCE_TELL:
      return static_cast<zip_int64_t>(state.offset);
    case ZIP_SOURCE_ERROR:
      return ::zip_error_to_data(&state.failure, data, length);
    case ZIP_SOURCE_FREE:
      return 0;
    case ZIP_SOURCE_SUPPORTS:
      return ZIP_SOURCE_SUPPORTS_SEEKABLE;
    default:
      return fail(state, ZIP_ER_OPNOTSUPP);
  }
}

// Between C frames nothing may be thrown.
zip_int64_t callback(void* user, void* data, zip_uint64_t length, zip_source_cmd_t command) noexcept {
  if (command == ZIP_SOURCE_FREE) {
    const std::unique_ptr<source_state> last(static_cast<source_state*>(user));
    return 0;
  }
  auto& state = *static_cast<source_state*>(user);
  try {
    return answer(state, data, length, command);
  } catch (const std::exception&) {
    return fail(state, ZIP_ER_MEMORY);
  }
}

}  // namespace

zip_source_t* make_zip_source(source_opener opener, std::uint64_t size) {
  auto state = std::make_unique<source_state>();
  state->opener = std::move(opener);
  state->size = size;
  zip_source_t* made = ::zip_source_function_create(&callback, state.get(), nullptr);
  // From here on libzip frees it, through the callback.
  if (made != nullptr) static_cast<void>(state.release());
  return made;
}

}  // namespace projects
}  // namespace v0
}  // namespace texbuild
