// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IIndexFeed} from "../../../contracts/interfaces/IIndexFeed.sol";
import {IProvenDays} from "../../../contracts/interfaces/IProvenDays.sol";
import {IRewardIndex} from "../../../contracts/interfaces/IRewardIndex.sol";
import {ISignerBonds} from "../../../contracts/interfaces/ISignerBonds.sol";
import {IndexFeed} from "../../../contracts/oracle/IndexFeed.sol";
import {RewardIndex} from "../../../contracts/oracle/RewardIndex.sol";
import {SignerBonds} from "../../../contracts/oracle/SignerBonds.sol";
import {BaseTest} from "../BaseTest.sol";
import {BuriedBlocks} from "../mocks/BuriedBlocks.sol";
import {Ocr2Peer} from "../mocks/Ocr2Peer.sol";

// Gas of whole transactions, as in Gas.t.sol: storage is cold, the 21,000 and the calldata are counted.
// IndexFeed.latestRoundData ── settled, provisional
// SignerBonds ── fund, accuse over another block, defend, settle, equivocation, claim, withdraw
// OCR2Base.transmit ── 4, 13, 31 nodes: a peer's, which has no budget
contract OracleGasTest is BaseTest {
    SignerBonds private bonds;
    BuriedBlocks private relay;

    /// @dev Proven, as BTC is at launch.
    function setUp() public override {
        super.setUp();
        relay = new BuriedBlocks();
        prover = address(relay);
        rewardIndex = deployRewardIndex(networkConfig(IRewardIndex.NetworkClass.Proven, 1, addressesOf(keys)));
        bonds = new SignerBonds(rewardIndex);
    }

    /* FEED */

    /// forge-config: default.isolate = true
    function test_latestRoundData_withinBudget() public {
        for (uint24 day = FIRST_EPOCH; day < FIRST_EPOCH + 3; day++) {
            attestDay(day);
            if (day < FIRST_EPOCH + 2) relay.prove(rewardIndex, BTC, day, totalsFor(day));
        }
        IndexFeed settled = new IndexFeed(address(rewardIndex), BTC, BOTH, IIndexFeed.Stage.Settled);
        IndexFeed provisional = new IndexFeed(address(rewardIndex), BTC, BOTH, IIndexFeed.Stage.Provisional);
        _read(settled, FIRST_EPOCH + 1, "read a feed, settled", 40_000);
        _read(provisional, FIRST_EPOCH + 2, "read a feed, provisional", 40_000);
    }

    /// @dev A call and not a static one, because only such is a transaction of its own.
    function _read(IndexFeed feed, uint24 day, string memory what, uint256 budget) private {
        (bool done, bytes memory answer) = address(feed).call(abi.encodeCall(feed.latestRoundData, ()));
        _within(what, budget);
        (uint80 round,,,,) = abi.decode(answer, (uint80, int256, uint256, uint256, uint80));
        assertTrue(done);
        assertEq(round, day);
    }

    /* BONDS */

    /// forge-config: default.isolate = true
    function test_accusation_withinBudget() public {
        address signer = vm.addr(keys[0]);
        address buried = vm.addr(keys[1]);
        vm.deal(address(this), 20 ether);
        bonds.fund{value: 10 ether}(signer);
        _within("fund a bond", 50_000);
        bonds.fund{value: 10 ether}(buried);
        vm.warp(endOf(FIRST_EPOCH));
        relay.prove(rewardIndex, BTC, FIRST_EPOCH, totalsFor(FIRST_EPOCH));

        IRewardIndex.Report memory other = reportFor(FIRST_EPOCH);
        other.lastBlockHash = keccak256("another block");
        bytes32 upheld = bonds.accuse(_signed(keys[0], other), totalsFor(FIRST_EPOCH));
        _within("accuse over another block", 145_000);
        bytes32 refuted = bonds.accuse(_signed(keys[1], other), totalsFor(FIRST_EPOCH));
        bonds.defend(refuted, abi.encode(other.lastBlockHash, FIRST_EPOCH));
        _within("defend, beside what the prover reads", 64_000);

        vm.warp(block.timestamp + 7 * EPOCH_SECONDS);
        bonds.settle(upheld);
        _within("settle an accusation", 112_000);
        bonds.claim(buyer);
        _within("claim a reward", 61_000);
    }

    /// forge-config: default.isolate = true
    function test_proveEquivocation_withinBudget() public {
        vm.deal(address(this), 10 ether);
        bonds.fund{value: 10 ether}(vm.addr(keys[0]));
        IRewardIndex.Report memory one = reportFor(FIRST_EPOCH);
        IRewardIndex.Report memory other = reportFor(FIRST_EPOCH);
        other.fees++;

        bonds.proveEquivocation(_signed(keys[0], one), _signed(keys[0], other));
        _within("prove an equivocation", 136_000);
        assertTrue(bonds.isSlashed(vm.addr(keys[0])));
    }

    /// forge-config: default.isolate = true
    function test_accuse_withinBudget_overTheProvenBlock() public {
        vm.deal(address(this), 10 ether);
        bonds.fund{value: 10 ether}(vm.addr(keys[0]));
        vm.warp(endOf(FIRST_EPOCH));
        relay.prove(rewardIndex, BTC, FIRST_EPOCH, totalsFor(FIRST_EPOCH));
        IRewardIndex.Report memory lie = reportFor(FIRST_EPOCH);
        lie.fees++;

        bonds.accuse(_signed(keys[0], lie), totalsFor(FIRST_EPOCH));
        _within("slash over the proven block", 127_000);
        assertTrue(bonds.isSlashed(vm.addr(keys[0])));
    }

    /* THE PEER */

    /// forge-config: default.isolate = true
    function test_peer_transmits() public {
        uint8[3] memory faults = [1, 4, 10];
        for (uint256 i = 0; i < faults.length; i++) {
            _transmit(faults[i], false);
            _transmit(faults[i], true);
        }
    }

    /// @dev The second day, as with ours.
    function _transmit(uint8 faults, bool unique) private {
        uint256[] memory nodes = signerKeys(3 * uint256(faults) + 1);
        address[] memory transmitters = new address[](nodes.length);
        for (uint256 i = 0; i < nodes.length; i++) {
            transmitters[i] = makeAddr(string.concat("transmitter", vm.toString(i)));
        }
        Ocr2Peer peer = new Ocr2Peer(unique);
        peer.setConfig(addressesOf(nodes), transmitters, faults, "", 1, "");
        (,, bytes32 config) = peer.latestConfigDetails();
        Ocr2Peer.Day memory values = Ocr2Peer.Day(6e29, 1e29, 1_000_130, 1.1e29, 1_000_100);
        for (uint24 day = FIRST_EPOCH; day < FIRST_EPOCH + 2; day++) {
            bytes32[3] memory context = [config, bytes32(uint256(day) << 8 | 1), bytes32(0)];
            bytes memory report = abi.encode(day, values);
            bytes32 digest = keccak256(abi.encodePacked(keccak256(report), context));
            (bytes32[] memory rs, bytes32[] memory ss, bytes32 rawVs) =
                _vector(nodes, (unique ? 2 : 1) * faults + 1, digest);
            vm.prank(transmitters[0]);
            peer.transmit(context, report, rs, ss, rawVs);
        }
        // No budget: it is another's.
        string memory signed = unique ? " nodes, 2f+1" : " nodes, f+1";
        _within(string.concat("peer OCR2Base, ", vm.toString(nodes.length), signed), 1_000_000);
        (uint112 subsidyIndex,,,,) = peer.dayOf(FIRST_EPOCH + 1);
        assertEq(subsidyIndex, values.subsidyIndex);
    }

    function _vector(uint256[] memory nodes, uint256 count, bytes32 digest)
        private
        pure
        returns (bytes32[] memory rs, bytes32[] memory ss, bytes32 rawVs)
    {
        (rs, ss) = (new bytes32[](count), new bytes32[](count));
        for (uint256 i = 0; i < count; i++) {
            uint8 v;
            (v, rs[i], ss[i]) = vm.sign(nodes[i], digest);
            rawVs |= bytes32(uint256(v - 27) << (8 * (31 - i)));
        }
    }

    function _signed(uint256 key, IRewardIndex.Report memory report)
        private
        view
        returns (ISignerBonds.SignedReport memory)
    {
        bytes32 config = rewardIndex.configDigest(BTC);
        return ISignerBonds.SignedReport(config, report, sign(key, rewardIndex.hashReport(report)));
    }

    function _within(string memory what, uint256 budget) private {
        uint256 used = vm.lastCallGas().gasTotalUsed;
        // The bench reads these lines.
        emit log_named_uint(string.concat("gas | ", what, " | ", vm.toString(budget), " "), used);
        assertLe(used, budget, what);
    }
}
