// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {IBitcoinRelay} from "../../../contracts/interfaces/IBitcoinRelay.sol";
import {IProvenDays} from "../../../contracts/interfaces/IProvenDays.sol";
import {IRewardIndex} from "../../../contracts/interfaces/IRewardIndex.sol";
import {ISignerBonds} from "../../../contracts/interfaces/ISignerBonds.sol";
import {BitcoinRelay} from "../../../contracts/oracle/BitcoinRelay.sol";
import {RewardIndex} from "../../../contracts/oracle/RewardIndex.sol";
import {SignerBonds} from "../../../contracts/oracle/SignerBonds.sol";
import {BitcoinRelayTest} from "./BitcoinRelayTest.sol";

// isBuried
// ├── when the bytes are no hash and whole batches → reverts BurialMalformed
// ├── when the checkpoint is unknown, on another branch than the best, or more than 7 days before → reverts
// ├── when a header could not be added → reverts as addHeaders does
// ├── when a header is of the future, or later than a week after the day → reverts TimeTooLate
// ├── when no batch ends in the block, or fewer than 6 are above it → false
// ├── when the block is of another day, or not the last of its day → false
// └── otherwise → true, from whichever checkpoint and however cut, on a dead branch or the best one
//
// Through SignerBonds.defend: who saw another block buried keeps the bond; who lied about an old, easy one loses it.
contract BitcoinRelayBurialTest is BitcoinRelayTest {
    uint32 private constant WIDE = 7200;
    uint24 private constant SECOND_DAY = FIRST_DAY + 1;
    uint256 private constant BOND = 10 ether;
    uint32 private constant EASY_RETARGETED = 0x201fffff;
    uint32 private constant HARDER = 0x2007ffff;
    uint32 private constant EPOCH_HEIGHT = 417 * 2016;

    /// @dev Encoded, because structs in memory cannot be copied to storage.
    bytes private _encodedMain;
    bytes private _encodedBranch;
    uint24[] private _branchDays;
    uint256 private _fork;

    function setUp() public override {
        super.setUp();
        _build(GENESIS_HEIGHT);
    }

    function _build(uint256 seed) private {
        Mined[] memory chain = chainOf(52, WIDE, seed);
        uint24[] memory found = daysOf(genesisTimes, chain);
        relayAll(GENESIS, genesisTimes, chain, 5);
        _fork = blocksOf(chain, found, FIRST_DAY).length;
        Mined memory last = chain[_fork - 1];
        Mined[] memory branch = chainOn(last.hash, last.height, last.time + WIDE, 25, WIDE, ~seed);
        uint24[] memory branchDays = daysOf(relay.checkpointOf(last.hash).times, branch);
        (_encodedMain, _encodedBranch, _branchDays) = (abi.encode(chain), abi.encode(branch), branchDays);
    }

    /* TRUE */

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_isBuried_however(uint256 above, uint256 most) public view {
        (Mined[] memory branch, uint24[] memory found) = (_branch(), _branchDays);
        uint256 last = _lastAt(SECOND_DAY);
        above = bound(above, 6, branch.length - 1 - last);
        most = bound(most, 1, 30);
        bytes memory headers = _burial(branch, found, 0, last + 1 + above, most);
        assertTrue(relay.isBuried(branch[last].hash, headers, SECOND_DAY));
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_isBuried_onlyIfSevenWithIt(uint256 above) public view {
        uint256 last = _lastAt(SECOND_DAY);
        above = bound(above, 0, 5);
        bytes memory headers = _burial(_branch(), _branchDays, 0, last + 1 + above, 30);
        assertFalse(relay.isBuried(_branch()[last].hash, headers, SECOND_DAY));
    }

    /// @dev The best chain's own closing block, as a checkpoint and on top of one: after a reorganisation it may not be what was proven.
    function test_isBuried_onTheBestChain() public view {
        (Mined[] memory chain, uint24[] memory found) = (_main(), daysOf(genesisTimes, _main()));
        bytes32 closing = chain[_fork - 1].hash;
        assertTrue(relay.isBuried(closing, _burial(chain, found, _fork, _fork + 6, 30), FIRST_DAY));
        assertFalse(relay.isBuried(closing, _burial(chain, found, _fork, _fork + 5, 30), FIRST_DAY));
        assertTrue(relay.isBuried(closing, _burial(chain, found, 5, _fork + 6, 30), FIRST_DAY));
        assertFalse(relay.isBuried(closing, abi.encodePacked(closing), FIRST_DAY));
    }

    /// @dev From a checkpoint of the day that the best one is of, be it that one or below it.
    function test_isBuried_fromTheTip() public {
        (Mined[] memory chain, uint24[] memory found) = (_main(), daysOf(genesisTimes, _main()));
        relay = new BitcoinRelay(parameters());
        relayAll(GENESIS, genesisTimes, slice(chain, 0, 4), 1);
        for (uint256 from = 2; from <= 4; from++) {
            bytes memory headers = _burial(chain, found, from, _fork + 6, 30);
            assertTrue(relay.isBuried(chain[_fork - 1].hash, headers, FIRST_DAY));
        }
    }

    /// @dev Whatever passes here could be added.
    function test_isBuried_ofWhatCouldBeAdded() public {
        (Mined[] memory branch, uint24[] memory found) = (_branch(), _branchDays);
        uint256 from = 0;
        for (uint256 i = 1; i <= branch.length; i++) {
            if (i < branch.length && found[i] == found[from]) continue;
            relay.addHeaders(branch[from].parent, headersOf(branch, from, i));
            from = i;
        }
        assertEq(relay.checkpointOf(branch[_lastAt(SECOND_DAY)].hash).day, SECOND_DAY);
    }

    /* FALSE */

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_isBuried_falseOfAnyOtherBlockOrDay(uint256 position, uint24 day, bytes32 unknown)
        public
        view
    {
        (Mined[] memory branch, uint24[] memory found) = (_branch(), _branchDays);
        uint256 last = _lastAt(SECOND_DAY);
        bytes memory headers = _burial(branch, found, 0, branch.length, 1);
        position = bound(position, 0, branch.length - 1);
        bool right = position == last;
        assertEq(relay.isBuried(branch[position].hash, headers, SECOND_DAY), right);
        assertFalse(relay.isBuried(unknown, headers, SECOND_DAY));
        assertFalse(relay.isBuried(branch[0].parent, headers, SECOND_DAY));

        day = uint24(bound(day, FIRST_DAY - 1, FIRST_DAY + 7));
        if (day == SECOND_DAY) day--;
        // No header of the chain is later than a week after.
        assertFalse(relay.isBuried(branch[last].hash, headers, day));
    }

    /// @dev In the middle of a batch it is not looked at: a batch of one day would end behind it.
    function test_isBuried_falseWithinABatch() public view {
        uint256 last = _lastAt(SECOND_DAY);
        bytes memory headers = _burial(_branch(), _branchDays, 0, _branch().length, 30);
        assertFalse(relay.isBuried(_branch()[last - 1].hash, headers, SECOND_DAY));
    }

    /* REVERTS */

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_isBuried_revertsIfMalformed(uint256 length, uint8 blocks) public {
        uint256 last = _lastAt(SECOND_DAY);
        bytes32 hash = _branch()[last].hash;
        bytes memory whole = _burial(_branch(), _branchDays, 0, last + 7, 30);
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.BurialMalformed.selector, 32, length % 32));
        relay.isBuried(hash, _cut(whole, length % 32), SECOND_DAY);

        uint256 end = 33 + 48 * (last + 1);
        length = bound(length, 33, end - 1);
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.BurialMalformed.selector, end, length));
        relay.isBuried(hash, _cut(whole, length), SECOND_DAY);

        bytes memory empty = abi.encodePacked(_branch()[0].parent, uint8(0));
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.BurialMalformed.selector, 33, 33));
        relay.isBuried(hash, empty, SECOND_DAY);

        blocks = uint8(bound(blocks, last + 8, 255));
        whole[32] = bytes1(blocks);
        vm.expectPartialRevert(IBitcoinRelay.BurialMalformed.selector);
        relay.isBuried(hash, whole, SECOND_DAY);
    }

    function testFuzz_isBuried_revertsIfCheckpointUnknown(bytes32 parent) public {
        vm.assume(parent != GENESIS);
        // Forge gives hashes that it has seen, so that one of a relay with blocks would be known at times.
        relay = new BitcoinRelay(parameters());
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.UnknownCheckpoint.selector, parent));
        relay.isBuried(0, abi.encodePacked(parent), SECOND_DAY);
    }

    /// @dev Work, bits and times are those of `addHeaders`; here each is wrong once, at any place.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_isBuried_revertsIfHeadersAreWrong(uint256 position, uint8 kind) public {
        uint256 last = _lastAt(SECOND_DAY);
        (Mined[] memory branch, uint24[] memory found) = (_branch(), _branchDays);
        position = bound(position, 0, last + 6);
        bytes memory header = branch[position].header;
        bytes4 selector = IBitcoinRelay.WrongBits.selector;
        if (kind % 3 == 0) {
            header[40] ^= 0x01;
        } else if (kind % 3 == 1) {
            selector = IBitcoinRelay.TimeTooEarly.selector;
            header[39] = 0;
        } else {
            selector = IBitcoinRelay.NotEnoughWork.selector;
            while (uint256(_hashOf(branch[position].parent, header)) < 2 ** 255) {
                header[47] = bytes1(uint8(header[47]) + 1);
            }
        }
        vm.expectPartialRevert(selector);
        relay.isBuried(branch[last].hash, _burial(branch, found, 0, last + 7, 1), SECOND_DAY);
    }

    function test_isBuried_revertsIfABatchCrossesMidnight() public {
        uint256 last = _lastAt(SECOND_DAY);
        bytes memory headers =
            abi.encodePacked(_branch()[0].parent, uint8(last + 7), headersOf(_branch(), 0, last + 7));
        vm.expectPartialRevert(IBitcoinRelay.CrossesMidnight.selector);
        relay.isBuried(_branch()[last].hash, headers, SECOND_DAY);
    }

    /// @dev On a dead branch somebody may have prepared a place where blocks are cheap.
    function test_isBuried_revertsIfCheckpointNotOnBest() public {
        relay.addHeaders(_branch()[0].parent, headersOf(_branch(), 0, 3));
        bytes memory headers = abi.encodePacked(_branch()[2].hash, uint8(1), headersOf(_branch(), 3, 4));
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.CheckpointNotOnBest.selector, _branch()[2].hash));
        relay.isBuried(_branch()[3].hash, headers, SECOND_DAY);
    }

    /// @dev Time may stand still in the median while single headers run ahead, which would make the next epoch easy.
    function test_isBuried_revertsIfAHeaderIsLaterThanAWeekAfter() public {
        uint256 last = _lastAt(SECOND_DAY);
        uint32 latest = (uint32(SECOND_DAY) + 8) * DAY;
        for (uint32 late = 0; late < 2; late++) {
            Mined[] memory branch = slice(_branch(), 0, last + 7);
            Mined memory below = branch[last + 5];
            branch[last + 6] = mine(below.hash, below.height + 1, latest + late, SUBSIDY);
            bytes memory headers = _burial(branch, _branchDays, 0, last + 7, 30);
            if (late > 0) {
                vm.expectRevert(
                    abi.encodeWithSelector(IBitcoinRelay.TimeTooLate.selector, 5, latest + 1, latest)
                );
            }
            bool isBuried = relay.isBuried(branch[last].hash, headers, SECOND_DAY);
            assertEq(isBuried, late == 0);
        }

        // Nor later than this chain's own clock allows.
        uint256 now_ = uint256(_branch()[last + 6].time) - 7200;
        vm.warp(now_);
        bytes memory right = _burial(_branch(), _branchDays, 0, last + 7, 30);
        assertTrue(relay.isBuried(_branch()[last].hash, right, SECOND_DAY));
        vm.warp(now_ - 1);
        vm.expectPartialRevert(IBitcoinRelay.TimeTooLate.selector);
        relay.isBuried(_branch()[last].hash, right, SECOND_DAY);
    }

    /* SIGNER BONDS */

    function test_defend_whoSawAnotherBlockBuriedKeepsTheBond() public {
        (SignerBonds bonds, bytes32 accusation, address signer) = _accused();
        uint256 last = _lastAt(FIRST_DAY);
        bytes memory tooFew = _burial(_branch(), _branchDays, 0, last + 6, 30);
        vm.expectRevert(abi.encodeWithSelector(ISignerBonds.NotBuried.selector, _branch()[last].hash));
        bonds.defend(accusation, tooFew);

        bonds.defend(accusation, _burial(_branch(), _branchDays, 0, last + 7, 30));
        vm.warp(block.timestamp + 8 * DAY);
        vm.expectRevert(abi.encodeWithSelector(ISignerBonds.AccusationNotOpen.selector, accusation));
        bonds.settle(accusation);
        assertEq(bonds.bondOf(signer), BOND);
    }

    /// @dev The first day is proven by the relay. Its signer saw a branch that left the best chain in its middle.
    function _accused() private returns (SignerBonds bonds, bytes32 accusation, address signer) {
        uint256 key;
        RewardIndex index;
        (signer, key) = makeAddrAndKey("signer");
        (index, bonds) = _bonded(parameters(), signer);
        Mined[] memory chain = _main();
        uint24[] memory found = daysOf(genesisTimes, chain);
        uint256[] memory ends = relayAll(GENESIS, genesisTimes, chain, 5);
        Mined[] memory branch = chainOn(
            chain[4].hash, chain[4].height, chain[4].time + WIDE, 25, WIDE, uint256(keccak256("else"))
        );
        (_encodedBranch, _branchDays) =
        (abi.encode(branch), daysOf(relay.checkpointOf(chain[4].hash).times, branch));

        Mined[] memory blocks = blocksOf(chain, found, FIRST_DAY);
        uint128 medianFee = lowerMedianFee(blocks);
        proveDay(chain, found, ends, FIRST_DAY, medianFee, 0);
        relay.closeDay(FIRST_DAY, blocks[blocks.length - 1].hash, medianFee);

        accusation = bonds.accuse(
            _signed(index, key, FIRST_DAY, branch[_lastAt(FIRST_DAY)].hash), _totalsOf(blocks, medianFee, 2)
        );
    }

    function _totalsOf(Mined[] memory blocks, uint128 medianFee, uint256 workEach)
        private
        pure
        returns (IProvenDays.Totals memory totals)
    {
        totals.lastHeight = blocks[blocks.length - 1].height;
        totals.lastBlockHash = blocks[blocks.length - 1].hash;
        totals.work = workEach * blocks.length;
        totals.medianFee = medianFee;
        for (uint256 i = 0; i < blocks.length; i++) {
            totals.subsidy += uint128(blocks[i].subsidy);
            totals.fees += uint128(blocks[i].fees);
            totals.cappedFees += uint128(
                blocks[i].fees < 3 * medianFee ? blocks[i].fees : 3 * uint256(medianFee)
            );
        }
    }

    /// @dev A relay and an index that know each other, and a signer with a bond.
    function _bonded(IBitcoinRelay.Parameters memory chosen, address signer)
        private
        returns (RewardIndex index, SignerBonds bonds)
    {
        address relay_ = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        IRewardIndex.NetworkConfig[] memory networks = new IRewardIndex.NetworkConfig[](1);
        networks[0] = networkProvenBy(relay_, signer);
        index = new RewardIndex(IRewardIndex.Clock(FIRST_DAY, MIDNIGHT, DAY), address(this), networks);
        chosen.rewardIndex = address(index);
        relay = new BitcoinRelay(chosen);
        bonds = new SignerBonds(index);
        bonds.fund{value: BOND}(signer);
    }

    function _signed(RewardIndex index, uint256 key, uint24 day, bytes32 lastBlockHash)
        private
        view
        returns (ISignerBonds.SignedReport memory)
    {
        IRewardIndex.Report memory report;
        (report.network, report.day, report.round, report.lastBlockHash) = (BTC, day, 1, lastBlockHash);
        bytes32 config = index.configDigest(BTC);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, index.hashReportUnder(config, report));
        return ISignerBonds.SignedReport(config, report, abi.encodePacked(r, s, v));
    }

    /* CHEAP BLOCKS */

    /// @dev The difficulty rises fourfold in the first week. A signer names a block of a later day that he mines at the old
    ///      difficulty, with whatever follows it: from the old checkpoint, and from a branch that he adds there first. Both
    ///      are real proof of work at the difficulty of their place.
    function test_defend_whoLiedAboutAnOldEasyBlockLosesTheBond() public {
        (address signer, uint256 key) = makeAddrAndKey("signer");
        (RewardIndex index, SignerBonds bonds) = _bonded(_retargeting(), signer);
        Mined[] memory chain = _hardening();
        uint24 day = FIRST_DAY + 9;
        IProvenDays.Totals memory proven = _proveDays(chain, day);
        Mined[] memory easy = new Mined[](14);
        Mined memory below = chain[4];
        for (uint32 i = 0; i < easy.length; i++) {
            // The median reaches the day with the sixth of them, and the next one with the seventh.
            uint32 time = (uint32(day) + (i == 0 ? 0 : 1)) * DAY + i;
            easy[i] = _mineAt(below.hash, below.height + 1, time, EASY_RETARGETED);
            below = easy[i];
        }
        bytes32 named = easy[5].hash;
        bytes32 accusation = bonds.accuse(_signed(index, key, day, named), proven);

        bytes memory fromAfar =
            abi.encodePacked(chain[4].hash, _batch(easy, 0, 5), _batch(easy, 5, 6), _batch(easy, 6, 14));
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.CheckpointTooEarly.selector, FIRST_DAY, day - 7));
        bonds.defend(accusation, fromAfar);

        relay.addHeaders(chain[4].hash, headersOf(easy, 0, 5));
        relay.addHeaders(easy[4].hash, headersOf(easy, 5, 6));
        assertEq(relay.checkpointOf(named).day, day);
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.CheckpointNotOnBest.selector, named));
        bonds.defend(accusation, abi.encodePacked(named, _batch(easy, 6, 14)));

        vm.warp(block.timestamp + 7 * DAY);
        bonds.settle(accusation);
        assertTrue(bonds.isSlashed(signer));
    }

    function _retargeting() private view returns (IBitcoinRelay.Parameters memory chosen) {
        chosen = parameters();
        chosen.noRetarget = false;
        chosen.powLimitBits = EASY_RETARGETED;
        chosen.genesis.bits = EASY_RETARGETED;
        chosen.genesis.height = EPOCH_HEIGHT - 31;
        chosen.genesis.epochStart = MIDNIGHT + 5 * DAY;
    }

    /// @dev 30 easy blocks to the end of an epoch, then harder ones; six a day.
    function _hardening() private pure returns (Mined[] memory chain) {
        chain = new Mined[](72);
        bytes32 parent = GENESIS;
        for (uint32 i = 0; i < chain.length; i++) {
            uint32 height = EPOCH_HEIGHT - 30 + i;
            uint32 bits = height < EPOCH_HEIGHT ? EASY_RETARGETED : HARDER;
            chain[i] = _mineAt(parent, height, MIDNIGHT + 240 + i * 4 * 3600, bits);
            parent = chain[i].hash;
        }
    }

    /// @dev From the first day on. Blocks pay no fees; a harder one is worth 32 hashes.
    /// @return Of the last.
    function _proveDays(Mined[] memory chain, uint24 last) private returns (IProvenDays.Totals memory) {
        uint24[] memory found = daysOf(genesisTimes, chain);
        uint256[] memory ends = relayAll(GENESIS, genesisTimes, chain, 5);
        for (uint24 day = FIRST_DAY; day <= last; day++) {
            proveDay(chain, found, ends, day, 0, 0);
            relay.closeDay(day, lastOf(chain, found, day), 0);
        }
        return _totalsOf(blocksOf(chain, found, last), 0, 32);
    }

    function _mineAt(bytes32 parent, uint32 height, uint32 time, uint32 bits)
        private
        pure
        returns (Mined memory)
    {
        return mineWith(parent, height, time, bits, coinbaseOf(height, SUBSIDY), branchOf(0), SUBSIDY);
    }

    /* PARTS */

    function _main() private view returns (Mined[] memory) {
        return abi.decode(_encodedMain, (Mined[]));
    }

    /// @dev Of the second day and the third, on top of the first day's last block; or as `_accused` says.
    function _branch() private view returns (Mined[] memory) {
        return abi.decode(_encodedBranch, (Mined[]));
    }

    function _lastAt(uint24 day) private view returns (uint256 at) {
        while (_branchDays[at] <= day) at++;
        return at - 1;
    }

    /// @dev Blocks `from` to `to` of a chain on what is below them, in batches of one day and `most` blocks.
    function _burial(Mined[] memory chain, uint24[] memory found, uint256 from, uint256 to, uint256 most)
        private
        pure
        returns (bytes memory headers)
    {
        headers = abi.encodePacked(chain[from].parent);
        for (uint256 i = from + 1; i <= to; i++) {
            if (i < to && found[i] == found[from] && i - from < most) continue;
            headers = bytes.concat(headers, _batch(chain, from, i));
            from = i;
        }
    }

    function _batch(Mined[] memory chain, uint256 from, uint256 to) private pure returns (bytes memory) {
        return abi.encodePacked(uint8(to - from), headersOf(chain, from, to));
    }

    function _cut(bytes memory data, uint256 length) private pure returns (bytes memory start) {
        start = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            start[i] = data[i];
        }
    }

    function _hashOf(bytes32 parent, bytes memory header) private pure returns (bytes32) {
        bytes memory whole = new bytes(80);
        bytes32 previous = reversed(parent);
        for (uint256 i = 0; i < 80; i++) {
            whole[i] = i < 4 ? header[i] : i < 36 ? previous[i - 4] : header[i - 32];
        }
        return reversed(twice(whole));
    }
}
