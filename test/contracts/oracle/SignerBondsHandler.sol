// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Time is what is tested here.
// forge-lint: disable-start(block-timestamp)

// Casts in this file are of bounded values.
// forge-lint: disable-start(unsafe-typecast)

import {IProvenDays} from "../../../contracts/interfaces/IProvenDays.sol";
import {IRewardIndex} from "../../../contracts/interfaces/IRewardIndex.sol";
import {ISignerBonds} from "../../../contracts/interfaces/ISignerBonds.sol";
import {RewardIndex} from "../../../contracts/oracle/RewardIndex.sol";
import {SignerBonds} from "../../../contracts/oracle/SignerBonds.sol";
import {BuriedBlocks} from "../mocks/BuriedBlocks.sol";
import {Test} from "forge-std/Test.sol";

/// @notice Does everything that anyone can do with bonds, right or wrong, over one proven network, and keeps a plain account of
///         what everybody should have. It fails when a call comes through that should not, or the other way round.
contract SignerBondsHandler is Test {
    enum Verb {
        Fund,
        Equivocate,
        AccuseOverProven,
        AccuseOverAnother,
        Defend,
        Settle,
        Withdraw,
        Claim,
        Change,
        Prove,
        Wait
    }

    struct Model {
        uint256 bond;
        bool slashed;
        uint256 open;
        bool isIn;
        bool wasIn;
        uint256 leftAt;
        uint24 leftEpoch;
    }

    struct ModelAccusation {
        bytes32 id;
        uint256 signer;
        uint24 day;
        bytes32 blockHash;
        uint256 accuser;
        uint256 deadline;
        bool open;
    }

    uint24 private constant FIRST = 1000;
    uint256 private constant START = 1_000_000;
    uint256 private constant EPOCH_SECONDS = 100;
    uint32 private constant NETWORK = 1;
    uint256 public constant SIGNERS = 10;
    uint256 public constant ACCUSERS = 3;
    uint256 private constant VERBS = 11;

    SignerBonds public bonds;
    uint256 public funded;
    uint256 public burned;
    uint256 public paid;
    uint256[VERBS] public done;
    Model[SIGNERS] public models;
    uint256[ACCUSERS] public credits;

    RewardIndex private _index;
    BuriedBlocks private _relay;
    uint256[SIGNERS] private _keys;
    ModelAccusation[] private _accusations;
    mapping(uint24 day => uint256) private _provenAt;
    mapping(bytes32 id => bool) private _wasAccused;
    uint24 private _nextDay = FIRST;

    /// @dev The first four sign; the others have bonds and are in no set.
    constructor() {
        vm.warp(START);
        for (uint256 i = 0; i < SIGNERS; i++) {
            _keys[i] = uint256(keccak256(abi.encode("signer", i)));
        }
        _relay = new BuriedBlocks();
        IRewardIndex.NetworkConfig[] memory networks = new IRewardIndex.NetworkConfig[](1);
        networks[0] = IRewardIndex.NetworkConfig({
            name: "N",
            unit: "1",
            class: IRewardIndex.NetworkClass.Proven,
            unitWork: 1e6,
            prover: address(_relay),
            challenger: address(0),
            firstDay: FIRST,
            disputeSeconds: 30,
            faultTolerance: 1,
            signers: _sorted(4)
        });
        _index = new RewardIndex(
            IRewardIndex.Clock(FIRST, uint40(START), uint32(EPOCH_SECONDS)), address(this), networks
        );
        for (uint256 i = 0; i < 4; i++) {
            (models[i].isIn, models[i].wasIn) = (true, true);
        }
        bonds = new SignerBonds(_index);
    }

    /* VERBS */

    function fund(uint256 seed, uint96 amount) external {
        uint256 i = seed % SIGNERS;
        if (seed >> 8 & 7 == 0) amount = 0;
        vm.deal(address(this), amount);
        bytes memory data = abi.encodeCall(bonds.fund, (signerAt(i)));
        if (!_tried(Verb.Fund, data, address(this), amount, amount > 0 && !models[i].slashed)) return;
        models[i].bond += amount;
        funded += amount;
    }

    /// @dev Three in four say the same twice.
    function equivocate(uint256 seed) external {
        uint256 i = seed % SIGNERS;
        IRewardIndex.Report memory one = _report(FIRST + uint24(seed >> 8 & 15));
        IRewardIndex.Report memory other = _report(one.day);
        bool same = seed >> 24 & 3 > 0;
        if (!same) other.poolRowsRoot = keccak256(abi.encode(seed));
        bytes memory data = abi.encodeCall(bonds.proveEquivocation, (_signed(i, one), _signed(i, other)));
        if (!_tried(Verb.Equivocate, data, accuserAt(seed >> 16), 0, !same && models[i].bond > 0)) return;
        _slashed(i, seed >> 16);
    }

    /// @dev Half of them say what was proven.
    function accuseOverProven(uint256 seed) external {
        uint256 i = seed % SIGNERS;
        IRewardIndex.Report memory lie = _report(_provenDay(seed >> 8));
        bool honest = seed >> 24 & 1 > 0;
        if (!honest) lie.fees++;
        bytes memory data = abi.encodeCall(bonds.accuse, (_signed(i, lie), _totals(lie.day)));
        bool right = !honest && _provenAt[lie.day] > 0 && models[i].bond > 0;
        if (!_tried(Verb.AccuseOverProven, data, accuserAt(seed >> 16), 0, right)) return;
        _slashed(i, seed >> 16);
    }

    function accuseOverAnother(uint256 seed) external {
        uint256 i = seed % SIGNERS;
        IRewardIndex.Report memory report = _report(_provenDay(seed >> 8));
        report.lastBlockHash = keccak256(abi.encode("branch", seed >> 24 & 1));
        bytes32 id = keccak256(abi.encode(signerAt(i), NETWORK, report.day, report.lastBlockHash));
        bytes memory data = abi.encodeCall(bonds.accuse, (_signed(i, report), _totals(report.day)));
        bool right = _provenAt[report.day] > 0 && models[i].bond > 0 && !_wasAccused[id];
        if (!_tried(Verb.AccuseOverAnother, data, accuserAt(seed >> 16), 0, right)) return;
        _wasAccused[id] = true;
        models[i].open++;
        uint256 deadline = block.timestamp + 7 * EPOCH_SECONDS;
        uint256 accuser = (seed >> 16) % ACCUSERS;
        _accusations.push(ModelAccusation(id, i, report.day, report.lastBlockHash, accuser, deadline, true));
    }

    function defend(uint256 seed) external {
        if (_accusations.length == 0) return;
        ModelAccusation storage one = _accusations[_chosen(seed)];
        bool buried = seed >> 8 & 1 == 0;
        bytes memory headers = abi.encode(one.blockHash, buried ? one.day : one.day + 1);
        bool right = one.open && block.timestamp < one.deadline && buried;
        if (!_tried(Verb.Defend, abi.encodeCall(bonds.defend, (one.id, headers)), address(1), 0, right)) {
            return;
        }
        one.open = false;
        models[one.signer].open--;
    }

    /// @dev Who was slashed meanwhile has nothing left.
    function settle(uint256 seed) external {
        if (_accusations.length == 0) return;
        ModelAccusation storage one = _accusations[_chosen(seed)];
        bool right = one.open && block.timestamp >= one.deadline && models[one.signer].bond > 0;
        if (!_tried(Verb.Settle, abi.encodeCall(bonds.settle, (one.id)), address(1), 0, right)) return;
        one.open = false;
        models[one.signer].open--;
        _slashed(one.signer, one.accuser);
    }

    function withdraw(uint256 seed) external {
        uint256 i = seed % SIGNERS;
        Model storage model = models[i];
        bool right = model.bond > 0 && model.open == 0 && !model.isIn && block.timestamp >= _freeAt(model);
        address to = address(uint160(0x1000 + i));
        uint256 before = to.balance;
        if (!_tried(Verb.Withdraw, abi.encodeCall(bonds.withdraw, (to)), signerAt(i), 0, right)) return;
        assertEq(to.balance - before, model.bond);
        paid += model.bond;
        model.bond = 0;
    }

    function claim(uint256 seed) external {
        uint256 i = seed % ACCUSERS;
        address to = address(uint160(0x2000 + i));
        uint256 before = to.balance;
        if (!_tried(Verb.Claim, abi.encodeCall(bonds.claim, (to)), accuserAt(i), 0, credits[i] > 0)) return;
        assertEq(to.balance - before, credits[i]);
        paid += credits[i];
        credits[i] = 0;
    }

    /* THE INDEX */

    /// @dev Three signers leave, or come back.
    function changeSigners(uint256 seed) external {
        bool all = seed % 2 == 0;
        _index.changeSigners(NETWORK, all ? 1 : 0, _sorted(all ? 4 : 1));
        for (uint256 i = 1; i < 4; i++) {
            if (models[i].isIn && !all) {
                (models[i].leftAt, models[i].leftEpoch) = (block.timestamp, _epoch());
            }
            models[i].isIn = all;
        }
        done[uint256(Verb.Change)]++;
    }

    function prove() external {
        if (_nextDay >= _epoch()) return;
        _relay.prove(_index, NETWORK, _nextDay, _totals(_nextDay));
        _provenAt[_nextDay++] = block.timestamp;
        done[uint256(Verb.Prove)]++;
    }

    function pass(uint256 seed) external {
        vm.warp(block.timestamp + 1 + seed % (seed >> 64 & 7 == 0 ? 3000 : 400));
        done[uint256(Verb.Wait)]++;
    }

    /* VIEWS */

    function signerAt(uint256 i) public view returns (address) {
        return vm.addr(_keys[i]);
    }

    function accuserAt(uint256 i) public pure returns (address) {
        return address(uint160(0xacc0 + i % ACCUSERS));
    }

    /* INTERNALS */

    function _tried(Verb verb, bytes memory data, address by, uint256 value, bool right)
        private
        returns (bool through)
    {
        vm.deal(by, value);
        vm.prank(by);
        (through,) = address(bonds).call{value: value}(data);
        assertEq(through, right, vm.toString(uint256(verb)));
        if (through) done[uint256(verb)]++;
    }

    function _slashed(uint256 i, uint256 accuser) private {
        Model storage model = models[i];
        assertFalse(model.slashed, "slashed twice");
        uint256 reward = model.bond * 20 / 100;
        credits[accuser % ACCUSERS] += reward;
        burned += model.bond - reward;
        (model.bond, model.slashed) = (0, true);
    }

    function _freeAt(Model storage model) private view returns (uint256) {
        if (!model.wasIn) return 0;
        uint256 latest = model.leftAt + 30 * EPOCH_SECONDS;
        uint256 since = model.leftAt;
        if (model.leftEpoch > FIRST) {
            uint256 provenAt = _provenAt[model.leftEpoch - 1];
            if (provenAt == 0) return latest;
            if (provenAt > since) since = provenAt;
        }
        uint256 free = since + 7 * EPOCH_SECONDS;
        return free < latest ? free : latest;
    }

    /// @dev Any of them, or mostly one that is open.
    function _chosen(uint256 seed) private view returns (uint256 at) {
        uint256 count = _accusations.length;
        at = seed % count;
        if (seed >> 32 & 3 == 0) return at;
        for (uint256 i = 0; i < count && !_accusations[at].open; i++) {
            at = (at + 1) % count;
        }
    }

    /// @dev Near the last proven one, and at times the next.
    function _provenDay(uint256 seed) private view returns (uint24) {
        uint24 back = uint24(seed % 4);
        return _nextDay >= FIRST + back ? _nextDay - back : FIRST;
    }

    function _epoch() private view returns (uint24) {
        return FIRST + uint24((block.timestamp - START) / EPOCH_SECONDS);
    }

    function _totals(uint24 day) private pure returns (IProvenDays.Totals memory) {
        return IProvenDays.Totals(day, keccak256(abi.encode(day)), 1e9, 50e8, 1e8, 1e8, 1e6);
    }

    function _report(uint24 day) private pure returns (IRewardIndex.Report memory) {
        bytes32 last = keccak256(abi.encode(day));
        return IRewardIndex.Report(NETWORK, day, 1, day, last, 1e9, 50e8, 1e8, 1e8, 1e6, 0);
    }

    function _signed(uint256 i, IRewardIndex.Report memory report)
        private
        view
        returns (ISignerBonds.SignedReport memory)
    {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keys[i], _index.hashReportUnder(0, report));
        return ISignerBonds.SignedReport(0, report, abi.encodePacked(r, s, v));
    }

    /// @dev The first `count`, ascending.
    function _sorted(uint256 count) private view returns (address[] memory signers) {
        signers = new address[](count);
        for (uint256 i = 0; i < count; i++) {
            uint256 hole = i;
            for (; hole > 0 && signers[hole - 1] > signerAt(i); hole--) {
                signers[hole] = signers[hole - 1];
            }
            signers[hole] = signerAt(i);
        }
    }
}
