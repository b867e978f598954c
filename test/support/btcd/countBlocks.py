"""Day totals and index of a Bitcoin chain, counted from the raw blocks of a node.

A second opinion on oracle/: nothing here is shared with it. Usage:
    countBlocks.py URL USER PASSWORD FIRST_DAY HALVING_INTERVAL UNIT_HASHES
Prints a JSON list of the complete days, six confirmations included.
"""

import base64
import hashlib
import json
import sys
import urllib.request

CONFIRMATIONS = 6
DAY = 86400


def main():
    url, user, password = sys.argv[1:4]
    first_day, halving, unit = (int(argument) for argument in sys.argv[4:7])
    node = Node(url, user, password)
    blocks = read_chain(node, halving)
    print(json.dumps(count_days(blocks, first_day, unit)))


class Node:
    def __init__(self, url, user, password):
        self.url = url
        self.token = base64.b64encode(f"{user}:{password}".encode()).decode()

    def call(self, method, *params):
        body = json.dumps({"jsonrpc": "1.0", "id": 0, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Authorization": "Basic " + self.token})
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)["result"]


def double_sha(data):
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, count):
        assert self.at + count <= len(self.data), "the block is cut"
        self.at += count
        return self.data[self.at - count : self.at]

    def int(self, count):
        return int.from_bytes(self.bytes(count), "little")

    def varint(self):
        first = self.int(1)
        return first if first < 0xFD else self.int({0xFD: 2, 0xFE: 4, 0xFF: 8}[first])


def read_transaction(cursor):
    """(txid, sum of the outputs)"""
    version = cursor.bytes(4)
    with_witness = cursor.data[cursor.at] == 0
    if with_witness:
        cursor.bytes(2)
    begin = cursor.at
    inputs = cursor.varint()
    for _ in range(inputs):
        cursor.bytes(36)
        cursor.bytes(cursor.varint())
        cursor.bytes(4)
    paid = 0
    for _ in range(cursor.varint()):
        paid += cursor.int(8)
        cursor.bytes(cursor.varint())
    middle = cursor.data[begin : cursor.at]
    if with_witness:
        for _ in range(inputs):
            for _ in range(cursor.varint()):
                cursor.bytes(cursor.varint())
    return double_sha(version + middle + cursor.bytes(4)), paid


def merkle(nodes):
    while len(nodes) > 1:
        if len(nodes) % 2:
            nodes = nodes + nodes[-1:]
        nodes = [double_sha(nodes[i] + nodes[i + 1]) for i in range(0, len(nodes), 2)]
    return nodes[0]


def read_chain(node, halving):
    blocks, times, previous = [], [], bytes(32)
    for height in range(node.call("getblockcount") + 1):
        data = bytes.fromhex(node.call("getblock", node.call("getblockhash", height), 0))
        cursor = Cursor(data)
        header = cursor.bytes(80)
        transactions = [read_transaction(cursor) for _ in range(cursor.varint())]
        assert cursor.at == len(data), "bytes follow the block"
        assert header[4:36] == previous, "the chain is broken"
        assert merkle([txid for txid, _ in transactions]) == header[36:68], "the Merkle root is another"
        previous = double_sha(header)
        bits = int.from_bytes(header[72:76], "little")
        target = (bits & 0x7FFFFF) * 256 ** ((bits >> 24) - 3)
        assert int.from_bytes(previous, "little") <= target, "no work"
        times.append(int.from_bytes(header[68:72], "little"))
        recent = sorted(times[-11:])
        paid, schedule = transactions[0][1], (50 * 10**8) >> (height // halving)
        blocks.append(
            {
                "height": height,
                "hash": previous[::-1].hex(),
                "day": recent[len(recent) // 2] // DAY,
                "work": 2**256 // (target + 1),
                "subsidy": min(paid, schedule),
                "fees": max(paid - schedule, 0),
            }
        )
    return blocks


def count_days(blocks, first_day, unit):
    days, before = [], None
    for day in range(first_day, blocks[-1 - CONFIRMATIONS]["day"]):
        of_day = [block for block in blocks if block["day"] == day]
        before = total(day, of_day, before, unit) if of_day else carried(day, before)
        days.append(before)
    return days


def total(day, blocks, before, unit):
    fees = sorted(block["fees"] for block in blocks)
    median = fees[(len(fees) - 1) // 2]
    cap = 3 * max(median, int(before["medianFee"]) if before else 0)
    work = sum(block["work"] for block in blocks)
    sums = {
        "subsidy": sum(block["subsidy"] for block in blocks),
        "fees": sum(fees),
        "cappedFees": sum(min(fee, cap) if cap else fee for fee in fees),
    }
    return {
        "day": day,
        "blocks": len(blocks),
        "firstHeight": blocks[0]["height"],
        "lastHeight": blocks[-1]["height"],
        "lastHash": "0x" + blocks[-1]["hash"],
        "work": str(work),
        "medianFee": str(median),
        "feeCap": str(cap),
        **{name: str(value) for name, value in sums.items()},
        "index": {name: str(value * DAY * unit * 10**18 // work) for name, value in sums.items()},
    }


def carried(day, before):
    return {**before, "day": day, "blocks": 0, "firstHeight": before["lastHeight"]}


main()
