#pragma once
// Codec of the words about ports (control.h), for control.cc only: their names and their fields.

#include "policy/messages/control.h"
#include "policy/messages/tagged.h"

namespace osh::policy::control
{

#define OSH_WORD(type, word)                                                                       \
    static constexpr std::string_view word_of(std::type_identity<type>)                            \
    {                                                                                              \
        return word;                                                                               \
    }
OSH_WORD(PortList, "ports")
OSH_WORD(Published, "published")
OSH_WORD(ListPorts, "ports")
OSH_WORD(Publish, "publish")
OSH_WORD(Unpublish, "unpublish")
#undef OSH_WORD

static void describe(auto& a, Like<Listener> auto& m)
{
    a.need("address", m.address);
    a.need("port", m.port);
    a.may("pid", m.pid);
    a.may("program", m.program);
}

static void describe(auto& a, Like<PublishedPort> auto& m)
{
    a.need("addresses", m.addresses);
    a.need("host_port", m.host_port);
    a.need("inside_port", m.inside_port);
    a.may("connections", m.connections);
}

static void describe(auto& a, Like<PortList> auto& m)
{
    a.need("n", m.n);
    a.need("listeners", m.listeners);
    a.need("published", m.published);
}

static void describe(auto& a, Like<Published> auto& m)
{
    a.need("n", m.n);
    a.need("port", m.port);
}

static void describe(auto& a, Like<ListPorts> auto& m)
{
    a.need("n", m.n);
}

static void describe(auto& a, Like<Publish> auto& m)
{
    a.need("n", m.n);
    a.need("port", m.port);
}

static void describe(auto& a, Like<Unpublish> auto& m)
{
    a.need("n", m.n);
    a.need("host_port", m.host_port);
}

} // namespace osh::policy::control
