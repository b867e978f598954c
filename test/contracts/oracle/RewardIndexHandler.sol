// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Time is what is tested here.
// forge-lint: disable-start(block-timestamp)

// Casts in this file are of bounded values.
// forge-lint: disable-start(unsafe-typecast)

import {IProvenDays} from "../../../contracts/interfaces/IProvenDays.sol";
import {IRewardIndex} from "../../../contracts/interfaces/IRewardIndex.sol";
import {RewardIndex} from "../../../contracts/oracle/RewardIndex.sol";
import {Test} from "forge-std/Test.sol";

/// @notice Does everything that anyone can do to an index, right or wrong, on one network of each class, and keeps a plain list
///         of what each day should be. It fails when a call comes through that should not, or the other way round.
contract RewardIndexHandler is Test {
    enum Verb {
        Attest,
        Prove,
        ProveEmpty,
        Substitute,
        Void,
        ChangeSigners,
        Wait
    }

    enum Kind {
        Open,
        Attested,
        Proven,
        Substituted
    }

    struct ModelDay {
        Kind kind;
        uint256 at;
        uint256 voidedRound;
        uint256 round;
        uint112[3] values;
        bool proven;
        bytes32 statement;
    }

    uint24 public constant FIRST = 1000;
    uint256 private constant START = 1_000_000;
    uint256 private constant EPOCH_SECONDS = 100;
    uint256 private constant DISPUTE_SECONDS = 350;
    uint256 private constant UNIT_WORK = 1e6;
    uint256 private constant POOL = 10;

    address private constant PROVER = address(uint160(uint256(keccak256("prover"))));
    address private constant CHALLENGER = address(uint160(uint256(keccak256("challenger"))));

    RewardIndex public index;
    uint256[] public keys;
    mapping(Verb => uint256) public done;

    mapping(uint256 network => mapping(uint24 day => ModelDay)) private _days;
    mapping(uint256 network => mapping(uint24 day => bytes32)) private _seen;
    mapping(uint256 network => mapping(uint256 key => bool)) private _isIn;
    mapping(uint256 key => uint256) private _leftAt;

    constructor() {
        vm.warp(START);
        for (uint256 i = 0; i < POOL; i++) {
            keys.push(uint256(keccak256(abi.encode("signer", i))));
        }
        IRewardIndex.NetworkConfig[] memory networks = new IRewardIndex.NetworkConfig[](3);
        for (uint256 i = 0; i < 3; i++) {
            networks[i] = IRewardIndex.NetworkConfig({
                name: "N",
                unit: "1",
                class: IRewardIndex.NetworkClass(i),
                unitWork: uint128(UNIT_WORK),
                prover: i == 0 ? address(0) : PROVER,
                challenger: i == 0 ? CHALLENGER : address(0),
                firstDay: FIRST,
                disputeSeconds: uint32(DISPUTE_SECONDS),
                faultTolerance: 1,
                signers: _choose(i + 1, 4, i)
            });
        }
        index = new RewardIndex(
            IRewardIndex.Clock(FIRST, uint40(START), uint32(EPOCH_SECONDS)), address(this), networks
        );
    }

    /* VERBS */

    function attest(uint256 seed) external {
        uint32 network = _network(seed);
        IRewardIndex.Report memory report = _report(network, _nearly(newestOf(network) + 1, seed), seed);
        ModelDay storage day = _days[network][report.day];
        bool right = report.day == newestOf(network) + 1 && _isOver(report.day)
            && report.round > day.voidedRound
            && report.round <= 1 + (block.timestamp - _endOf(report.day)) / (EPOCH_SECONDS / 4);
        bytes memory signatures = _signatures(network, index.hashReport(report));

        if (!_tried(abi.encodeCall(index.attest, (report, signatures)), address(1), right)) return;
        (day.kind, day.at, day.round) = (Kind.Attested, block.timestamp, report.round);
        day.values = _values(report.subsidy, report.cappedFees, report.fees, report.work);
        done[Verb.Attest]++;
    }

    function prove(uint256 seed) external {
        uint32 network = _network(seed);
        uint24 number = _nearly(provenUntil(network) + 1, seed);
        IProvenDays.Totals memory totals = _totals(seed);
        bool right = network != 1 && number == provenUntil(network) + 1 && _isOver(number);

        if (!_tried(abi.encodeCall(index.prove, (network, number, totals)), PROVER, right)) return;
        bytes32 statement = keccak256(abi.encode(totals));
        _proven(
            network, number, statement, _values(totals.subsidy, totals.cappedFees, totals.fees, totals.work)
        );
        done[Verb.Prove]++;
    }

    function proveEmpty(uint256 seed) external {
        uint32 network = _network(seed);
        uint24 number = _nearly(provenUntil(network) + 1, seed);
        bool right = network != 1 && number == provenUntil(network) + 1 && _isOver(number);

        if (!_tried(abi.encodeCall(index.proveEmpty, (network, number)), PROVER, right)) return;
        ModelDay storage before = _days[network][number - 1];
        _proven(network, number, before.statement, before.values);
        done[Verb.ProveEmpty]++;
    }

    function substitute(uint256 seed) external {
        uint32 network = _network(seed);
        uint24 number = _nearly(settledUntil(network) + 1, seed);
        ModelDay storage day = _days[network][number];
        bool timeWillSettle = day.kind == Kind.Attested && network != 2;
        uint256 wait = (network == 1 ? 7 : 30) * EPOCH_SECONDS;
        bool right = number == settledUntil(network) + 1 && !timeWillSettle
            && block.timestamp >= _endOf(number) + wait;

        if (!_tried(abi.encodeCall(index.substitute, (network, number)), address(1), right)) return;
        (day.kind, day.at) = (Kind.Substituted, block.timestamp);
        day.values = _days[network][number - 1].values;
        done[Verb.Substitute]++;
    }

    function voidDay(uint256 seed) external {
        uint32 network = seed % 8 == 0 ? _network(seed >> 8) : 1;
        uint24 newest = newestOf(network);
        uint24 number = newest - uint24((seed >> 16) % 3);
        bool right = network == 1 && number >= FIRST && !isSettled(network, number);

        if (!_tried(abi.encodeCall(index.voidDay, (network, number)), CHALLENGER, right)) return;
        _days[network][number].voidedRound = _days[network][number].round;
        for (uint24 d = number; d <= newest; d++) {
            ModelDay storage day = _days[network][d];
            (day.kind, day.at, day.round) = (Kind.Open, 0, 0);
            day.values = [uint112(0), 0, 0];
        }
        done[Verb.Void]++;
    }

    function changeSigners(uint256 seed) external {
        uint32 network = _network(seed);
        uint8 faultTolerance = uint8((seed >> 8) % 3);
        index.changeSigners(
            network, faultTolerance, _choose(network, 3 * uint256(faultTolerance) + 1, seed >> 16)
        );
        done[Verb.ChangeSigners]++;
    }

    /// @dev Mostly within two epochs, at times for long enough that days may be substituted.
    function wait(uint256 seed) external {
        uint256 epochs = seed % 6 == 0 ? 40 : 2;
        vm.warp(block.timestamp + (seed >> 8) % (epochs * EPOCH_SECONDS));
        done[Verb.Wait]++;
    }

    /* MODEL */

    function isSettled(uint256 network, uint24 number) public view returns (bool) {
        ModelDay storage day = _days[network][number];
        if (day.kind == Kind.Proven || day.kind == Kind.Substituted) return true;
        return day.kind == Kind.Attested && network != 2 && block.timestamp >= day.at + DISPUTE_SECONDS;
    }

    /// @dev FIRST - 1 for none, here and below.
    function newestOf(uint256 network) public view returns (uint24 last) {
        last = FIRST - 1;
        while (_days[network][last + 1].kind != Kind.Open) last++;
    }

    function provenUntil(uint256 network) public view returns (uint24 last) {
        last = FIRST - 1;
        while (_days[network][last + 1].proven) last++;
    }

    function settledUntil(uint256 network) public view returns (uint24 last) {
        last = FIRST - 1;
        while (isSettled(network, last + 1)) last++;
    }

    function stateOf(uint256 network, uint24 number) public view returns (IRewardIndex.DayState) {
        Kind kind = _days[network][number].kind;
        if (kind == Kind.Open) return IRewardIndex.DayState.Open;
        if (kind == Kind.Proven) return IRewardIndex.DayState.Proven;
        if (kind == Kind.Substituted) return IRewardIndex.DayState.Substituted;
        return isSettled(network, number) ? IRewardIndex.DayState.Final : IRewardIndex.DayState.Attested;
    }

    function modelOf(uint256 network, uint24 number) external view returns (ModelDay memory) {
        return _days[network][number];
    }

    /// @return networks In how many sets the key is, and when it left the last one.
    function membershipOf(uint256 key) external view returns (uint256 networks, uint256 leftAt) {
        for (uint256 network = 1; network <= 3; network++) {
            if (_isIn[network][key]) networks++;
        }
        return (networks, _leftAt[key]);
    }

    /// @return same Whether what settled is what it was when it was first seen settled.
    function remember(uint32 network, uint24 number) external returns (bool same) {
        IRewardIndex.Day memory day = index.dayOf(network, number);
        bytes32 now_ = keccak256(
            abi.encode(
                day.subsidyIndex,
                day.cappedFeesIndex,
                day.feesIndex,
                day.finalAt,
                index.stateOf(network, number),
                index.settledReward(network, number)
            )
        );
        if (_seen[network][number] == 0) _seen[network][number] = now_;
        return _seen[network][number] == now_;
    }

    /* HELPERS */

    function _tried(bytes memory call, address caller, bool right) private returns (bool through) {
        vm.prank(caller);
        (through,) = address(index).call(call);
        assertEq(through, right);
    }

    function _proven(uint32 network, uint24 number, bytes32 statement, uint112[3] memory values) private {
        ModelDay storage day = _days[network][number];
        (day.proven, day.statement) = (true, statement);
        if (isSettled(network, number)) return;
        (day.kind, day.at, day.values) = (Kind.Proven, block.timestamp, values);
    }

    function _network(uint256 seed) private pure returns (uint32) {
        return uint32(1 + (seed >> 4) % 3);
    }

    /// @dev One of seven misses.
    function _nearly(uint24 day, uint256 seed) private pure returns (uint24) {
        uint256 choice = (seed >> 32) % 14;
        return choice == 0 ? day + 1 : choice == 1 ? day - 1 : day;
    }

    function _report(uint32 network, uint24 day, uint256 seed)
        private
        pure
        returns (IRewardIndex.Report memory report)
    {
        IProvenDays.Totals memory totals = _totals(seed);
        report.network = network;
        report.day = day;
        report.round = uint32((seed >> 40) % 4);
        report.lastHeight = totals.lastHeight;
        report.lastBlockHash = totals.lastBlockHash;
        report.work = totals.work;
        report.subsidy = uint128(totals.subsidy % 1e12);
        report.fees = uint128(totals.fees % 1e12);
        report.cappedFees = report.fees / 2;
        report.poolRowsRoot = bytes32(seed);
    }

    /// @dev One in four does not fit its 112 bits.
    function _totals(uint256 seed) private pure returns (IProvenDays.Totals memory totals) {
        uint256 random = uint256(keccak256(abi.encode(seed, "totals")));
        uint128 most = random % 4 == 0 ? type(uint128).max : 1e12;
        totals.lastHeight = uint32(random >> 8);
        totals.lastBlockHash = bytes32(random);
        totals.work = 1e6 + (random >> 40) % 1e20;
        totals.subsidy = uint128(random >> 110) % most;
        totals.fees = uint128(random >> 120) % most;
        totals.cappedFees = totals.fees / 3;
    }

    function _values(uint256 subsidy, uint256 cappedFees, uint256 fees, uint256 work)
        private
        pure
        returns (uint112[3] memory values)
    {
        uint256[3] memory rewards = [subsidy, cappedFees, fees];
        for (uint256 i = 0; i < 3; i++) {
            uint256 value = rewards[i] * UNIT_WORK * 1e18 / work;
            values[i] = value > type(uint112).max ? type(uint112).max : uint112(value);
        }
    }

    function _isOver(uint24 day) private view returns (bool) {
        return block.timestamp >= _endOf(day);
    }

    function _endOf(uint24 day) private pure returns (uint256) {
        return START + (uint256(day) + 1 - FIRST) * EPOCH_SECONDS;
    }

    function _choose(uint256 network, uint256 count, uint256 seed) private returns (address[] memory chosen) {
        uint256 from = seed % POOL;
        chosen = new address[](count);
        bool[POOL] memory was;
        for (uint256 i = 0; i < POOL; i++) {
            was[i] = _isIn[network][keys[i]];
            _isIn[network][keys[i]] = false;
        }
        for (uint256 i = 0; i < count; i++) {
            uint256 key = keys[(from + i) % POOL];
            chosen[i] = vm.addr(key);
            _isIn[network][key] = true;
        }
        for (uint256 i = 0; i < POOL; i++) {
            bool in_ = _isIn[1][keys[i]] || _isIn[2][keys[i]] || _isIn[3][keys[i]];
            if (was[i] && !in_) _leftAt[keys[i]] = block.timestamp;
        }
    }

    /// @dev By all of the network's signers, ascending.
    function _signatures(uint32 network, bytes32 digest) private view returns (bytes memory signatures) {
        address[] memory signers = index.signersOf(network);
        for (uint256 i = 0; i < signers.length; i++) {
            for (uint256 k = 0; k < POOL; k++) {
                if (vm.addr(keys[k]) != signers[i]) continue;
                (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[k], digest);
                signatures = bytes.concat(signatures, abi.encodePacked(r, s, v));
            }
        }
    }
}
