// Keeps the target buildable while the layer is empty.
namespace jangbu {}
