// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProvenDays} from "../interfaces/IProvenDays.sol";
import {IRewardIndex} from "../interfaces/IRewardIndex.sol";
import {IRewardSource} from "../interfaces/IRewardSource.sol";
import {IVoidableDays} from "../interfaces/IVoidableDays.sol";
import {CodeStore} from "../libraries/CodeStore.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title RewardIndex
/// @dev Why days settle in order. A day is *written* when it has values, *final* from its `finalAt` on (0 = no time is set).
///      Written are the days from the first to `newestDay`: `attest` and `substitute` write no other day than the next one, and
///      `prove`, whose days come one after the other from the first, no later one. Final are the first so many of them, because
///      each way to become final keeps it so:
///        time     (attested, checked) Attestations come in order, the dispute time never changes: `finalAt` never falls from one
///                 attested day to the next.
///        proof    (proven, checked) When a day is proven, all before it are proven, and a proven day is final.
///        neither  (all) `substitute` asks that the day before is final.
///      `voidDay` takes away a day that is not final and all after it, none of which is final then.
///      `lastContiguousDay` may therefore search.
///
///      Why a final value never changes. `attest` writes a day that was not written. `prove` keeps its hands off the values of a
///      final day. `substitute` asks that no time of finality is set, `voidDay` that it has not come. There is no fifth way.
///
///      Why it doesn't matter when a keeper calls. Time settles by itself. A proof settles the same values whenever it
///      comes, if nobody substituted the day in the 30 epochs it had. What a quorum attested on an attested or checked network
///      is not substituted any more. After the 7 or 30 epochs in which nobody said anything, a late word and the substitute are
///      both fair, and whoever holds positions may call either; so it is for a day that is voided after its 7 epochs.
///
///      Assumes that at most f of a network's 3f + 1 signers lie or are gone, that the timelock, which may replace them, is
///      honest, and that provers and challengers are contracts which check what they say. A day that all of them miss is
///      substituted. The clock is `block.timestamp`; times of finality are 32 bits: this contract works until 2106.
contract RewardIndex is IRewardIndex {
    using SafeCast for uint256;

    uint8 private constant MAX_FAULT_TOLERANCE = 10;
    uint256 private constant SIGNATURE_BYTES = 65;
    uint256 private constant INDEX_SCALE = 1e18;
    uint256 private constant ROUNDS_PER_EPOCH = 4;
    uint256 private constant ATTESTED_EPOCHS = 7;
    uint256 private constant PROVEN_EPOCHS = 30;

    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("Hashsand RewardIndex");
    bytes32 private constant VERSION_HASH = keccak256("1");
    bytes32 private constant REPORT_TYPEHASH = keccak256(
        "Report(bytes32 configDigest,uint32 network,uint24 day,uint32 round,uint32 lastHeight,bytes32 lastBlockHash,uint256 work,uint128 subsidy,uint128 fees,uint128 cappedFees,uint128 medianFee,bytes32 poolRowsRoot)"
    );

    /// @dev Ordered for storage: an attestation reads the last three slots. `newestDay` and `lastProvenDay` are the day
    ///      before the first one until there is one.
    struct Network {
        bytes32 name;
        bytes32 unit;
        address prover;
        address challenger;
        bytes32 configDigest;
        uint128 unitWork;
        uint32 disputeSeconds;
        uint32 configCount;
        uint8 faultTolerance;
        NetworkClass class;
        bool hasChallenger;
        address signerList;
        uint24 firstDay;
        uint24 newestDay;
        uint24 lastProvenDay;
    }

    uint24 private immutable FIRST_EPOCH;
    uint40 private immutable START;
    uint32 private immutable EPOCH_SECONDS;

    /// @inheritdoc IRewardIndex
    address public immutable timelock;

    /// @inheritdoc IRewardIndex
    uint32 public immutable networkCount;

    mapping(uint32 network => Network) private _networks;
    mapping(uint32 network => mapping(uint24 day => Day)) private _days;
    mapping(address signer => Membership) private _memberships;

    /// @inheritdoc IRewardIndex
    mapping(uint32 network => mapping(uint24 day => bytes32)) public statementOf;

    /// @inheritdoc IVoidableDays
    /// @dev Kept where somebody may void a day for it, and nowhere else: a word costs a fifth of an attestation.
    mapping(uint32 network => mapping(uint24 day => bytes32)) public attestedRootOf;

    constructor(Clock memory clock_, address timelock_, NetworkConfig[] memory networks_) {
        require(clock_.epochSeconds > 0, EpochLengthZero());

        FIRST_EPOCH = clock_.firstEpoch;
        START = clock_.start;
        EPOCH_SECONDS = clock_.epochSeconds;
        timelock = timelock_;
        networkCount = networks_.length.toUint32();
        for (uint32 i = 0; i < networks_.length; i++) {
            _addNetwork(i + 1, networks_[i]);
        }
    }

    /* ATTESTATION */

    /// @inheritdoc IRewardIndex
    function attest(Report calldata report, bytes calldata signatures) external {
        Network storage network = _network(report.network);
        uint32 voidedRound = _requireAttestable(network, report);
        bytes32 digest = _hashReport(network.configDigest, report);
        _requireQuorum(network, digest, signatures);

        Day memory day = _valuesOf(report, network.unitWork);
        day.attestedAt = _now();
        (day.round, day.voidedRound) = (report.round, voidedRound);
        if (network.class != NetworkClass.Proven) {
            day.finalAt = (uint256(day.attestedAt) + network.disputeSeconds).toUint32();
        }
        network.newestDay = report.day;
        _days[report.network][report.day] = day;
        if (network.hasChallenger) attestedRootOf[report.network][report.day] = report.poolRowsRoot;

        emit DayAttested(
            report.network, report.day, digest, day.subsidyIndex, day.cappedFeesIndex, day.feesIndex, report
        );
    }

    /// @return voidedRound What this day keeps of a report that was voided.
    function _requireAttestable(Network storage network, Report calldata report)
        private
        view
        returns (uint32 voidedRound)
    {
        uint24 expected = network.newestDay + 1;
        require(report.day == expected, WrongDay(report.day, expected));
        _requireOver(report.day);
        uint256 newestRound = _openRound(report.day);
        require(report.round <= newestRound, RoundNotOpen(report.round, newestRound));
        voidedRound = _days[report.network][report.day].voidedRound;
        require(report.round > voidedRound, RoundOver(report.round, voidedRound));
        _requireSane(report.work, report.fees, report.cappedFees);
    }

    function _valuesOf(Report calldata report, uint128 unitWork) private pure returns (Day memory values) {
        values.subsidyIndex = _indexOf(0, report.subsidy, unitWork, report.work);
        values.cappedFeesIndex = _indexOf(1, report.cappedFees, unitWork, report.work);
        values.feesIndex = _indexOf(1, report.fees, unitWork, report.work);
    }

    /* PROOF */

    /// @inheritdoc IRewardIndex
    function prove(uint32 network, uint24 day, Totals calldata totals) external {
        Network storage stored = _networkProving(network, day);
        _requireSane(totals.work, totals.fees, totals.cappedFees);

        uint128 unitWork = stored.unitWork;
        Day memory proven;
        proven.subsidyIndex = _cappedIndexOf(totals.subsidy, unitWork, totals.work);
        proven.cappedFeesIndex = _cappedIndexOf(totals.cappedFees, unitWork, totals.work);
        proven.feesIndex = _cappedIndexOf(totals.fees, unitWork, totals.work);
        bytes32 statement = keccak256(abi.encode(totals));
        bool settles = _storeProof(network, day, statement, proven);

        emit DayProven(
            network,
            day,
            statement,
            settles,
            proven.subsidyIndex,
            proven.cappedFeesIndex,
            proven.feesIndex,
            totals
        );
    }

    /// @inheritdoc IProvenDays
    function proveEmpty(uint32 network, uint24 day) external {
        _networkProving(network, day);

        bytes32 statement = statementOf[network][day - 1];
        bool settles = _storeProof(network, day, statement, _days[network][day - 1]);

        emit EmptyDayProven(network, day, statement, settles);
    }

    /* WHEN NOBODY SPEAKS, OR WRONGLY */

    /// @inheritdoc IRewardIndex
    function substitute(uint32 network, uint24 day) external {
        Network storage stored = _network(network);
        uint24 first = stored.firstDay;
        require(day >= first, WrongDay(day, first));
        Day storage before = _days[network][day - 1];
        require(day == first || _isFinal(before), DayNotFinal(network, day - 1));
        Day storage missing = _days[network][day];
        uint32 finalAt = missing.finalAt;
        require(finalAt == 0, DayWillBeFinal(network, day, finalAt));
        uint256 since = _secondsSinceEnd(day);
        uint256 required =
            (stored.class == NetworkClass.Attested ? ATTESTED_EPOCHS : PROVEN_EPOCHS) * EPOCH_SECONDS;
        require(since >= required, TooEarlyToSubstitute(day, since, required));

        _settle(network, day, before, DayState.Substituted);

        emit DaySubstituted(network, day, missing.subsidyIndex, missing.cappedFeesIndex);
    }

    /// @inheritdoc IRewardIndex
    /// @dev No longer than there are days that became over, unsettled, within one dispute time: years of them fit in a block.
    function voidDay(uint32 network, uint24 day) external {
        Network storage stored = _network(network);
        require(msg.sender == stored.challenger, NotChallenger(msg.sender, stored.challenger));
        Day storage voided = _days[network][day];
        (uint32 round, uint32 finalAt) = (voided.round, voided.finalAt);
        require(voided.attestedAt != 0, DayNotAttested(network, day));
        require(!_isFinal(voided), DayFinal(network, day, finalAt));

        uint24 last = stored.newestDay;
        voided.voidedRound = round;
        for (uint24 dropped = day; dropped <= last; dropped++) {
            uint32 voidedRound = _days[network][dropped].voidedRound;
            delete _days[network][dropped];
            delete attestedRootOf[network][dropped];
            _days[network][dropped].voidedRound = voidedRound;
        }
        stored.newestDay = day - 1;

        emit DayVoided(network, day, round, last);
    }

    /* AUTHORITY */

    /// @inheritdoc IRewardIndex
    function changeSigners(uint32 network, uint8 faultTolerance, address[] calldata signers) external {
        require(msg.sender == timelock, NotTimelock(msg.sender, timelock));

        _setSigners(network, _network(network), faultTolerance, signers);
    }

    /* VIEWS FOR CONSUMERS */

    /// @inheritdoc IRewardSource
    function currentEpoch() public view returns (uint24) {
        uint256 time = _now();
        if (time <= START) return FIRST_EPOCH;
        return (FIRST_EPOCH + (time - START) / EPOCH_SECONDS).toUint24();
    }

    /// @inheritdoc IRewardSource
    function lastContiguousDay(uint32 network) external view returns (uint24) {
        Network storage stored = _network(network);
        uint24 first = stored.firstDay;
        uint24 last = stored.newestDay;
        if (last < first) return 0;
        if (_isFinal(_days[network][last])) return last;

        // Final up to `settled`, not from `open` on. The newest final day is near: steps back double until one is met.
        (uint24 settled, uint24 open) = (first - 1, last);
        for (uint24 step = 1; step <= open - first; step *= 2) {
            if (_isFinal(_days[network][open - step])) {
                settled = open - step;
                break;
            }
            open -= step;
        }
        while (open - settled > 1) {
            uint24 middle = settled + (open - settled) / 2;
            if (_isFinal(_days[network][middle])) settled = middle;
            else open = middle;
        }
        return settled < first ? 0 : settled;
    }

    /// @inheritdoc IRewardSource
    function settledReward(uint32 network, uint24 day) external view returns (uint256[] memory rewards) {
        Day storage stored = _days[network][day];
        require(_isFinal(stored), DayNotFinal(network, day));

        rewards = new uint256[](2);
        rewards[0] = stored.subsidyIndex;
        rewards[1] = stored.cappedFeesIndex;
    }

    /// @inheritdoc IRewardIndex
    function dayOf(uint32 network, uint24 day) external view returns (Day memory) {
        return _days[network][day];
    }

    /// @inheritdoc IRewardIndex
    function stateOf(uint32 network, uint24 day) external view returns (DayState) {
        Day storage stored = _days[network][day];
        DayState closedAs = stored.closedAs;
        if (closedAs != DayState.Open) return closedAs;
        if (stored.attestedAt == 0) return DayState.Open;
        return _isFinal(stored) ? DayState.Final : DayState.Attested;
    }

    /// @inheritdoc IRewardIndex
    function newestDay(uint32 network) external view returns (uint24) {
        Network storage stored = _network(network);
        return stored.newestDay < stored.firstDay ? 0 : stored.newestDay;
    }

    /// @inheritdoc IRewardIndex
    function lastProvenDay(uint32 network) external view returns (uint24) {
        Network storage stored = _network(network);
        return stored.lastProvenDay < stored.firstDay ? 0 : stored.lastProvenDay;
    }

    /// @inheritdoc IRewardIndex
    function clock() external view returns (Clock memory) {
        return Clock(FIRST_EPOCH, START, EPOCH_SECONDS);
    }

    /* VIEWS FOR SIGNERS */

    /// @inheritdoc IRewardIndex
    function networkOf(uint32 network) public view returns (NetworkConfig memory) {
        Network storage stored = _network(network);
        return NetworkConfig({
            name: stored.name,
            unit: stored.unit,
            class: stored.class,
            unitWork: stored.unitWork,
            prover: stored.prover,
            challenger: stored.challenger,
            firstDay: stored.firstDay,
            disputeSeconds: stored.disputeSeconds,
            faultTolerance: stored.faultTolerance,
            signers: CodeStore.read(stored.signerList)
        });
    }

    /// @inheritdoc IRewardIndex
    function openRound(uint24 day) external view returns (uint256) {
        return currentEpoch() > day ? _openRound(day) : 0;
    }

    /// @inheritdoc IRewardIndex
    function signersOf(uint32 network) external view returns (address[] memory) {
        return CodeStore.read(_network(network).signerList);
    }

    /// @inheritdoc IRewardIndex
    function quorumOf(uint32 network) external view returns (uint256) {
        return _quorum(_network(network).faultTolerance);
    }

    /// @inheritdoc IRewardIndex
    function configDigest(uint32 network) external view returns (bytes32) {
        return _network(network).configDigest;
    }

    /// @inheritdoc IRewardIndex
    function hashReport(Report calldata report) external view returns (bytes32) {
        return _hashReport(_network(report.network).configDigest, report);
    }

    /// @inheritdoc IRewardIndex
    function hashReportUnder(bytes32 digest, Report calldata report) external view returns (bytes32) {
        return _hashReport(digest, report);
    }

    /// @inheritdoc IRewardIndex
    function membershipOf(address signer) external view returns (Membership memory) {
        return _memberships[signer];
    }

    /* INTERNALS */

    function _addNetwork(uint32 number, NetworkConfig memory config) private {
        bool proves = config.class != NetworkClass.Attested;
        require(config.unitWork > 0, UnitWorkZero());
        require(config.firstDay > 0, FirstDayZero());
        require(proves == (config.prover != address(0)), WrongProver(config.class, config.prover));
        require(!proves || config.challenger == address(0), WrongChallenger(config.class, config.challenger));

        Network storage network = _networks[number];
        (network.name, network.unit, network.class) = (config.name, config.unit, config.class);
        (network.prover, network.challenger) = (config.prover, config.challenger);
        (network.unitWork, network.disputeSeconds) = (config.unitWork, config.disputeSeconds);
        (network.firstDay, network.hasChallenger) = (config.firstDay, config.challenger != address(0));
        (network.newestDay, network.lastProvenDay) = (config.firstDay - 1, config.firstDay - 1);

        emit NetworkAdded(number, config);
        _setSigners(number, network, config.faultTolerance, config.signers);
    }

    function _setSigners(
        uint32 number,
        Network storage network,
        uint8 faultTolerance,
        address[] memory signers
    ) private {
        require(
            faultTolerance <= MAX_FAULT_TOLERANCE,
            FaultToleranceOutOfRange(faultTolerance, MAX_FAULT_TOLERANCE)
        );
        uint256 count = 3 * uint256(faultTolerance) + 1;
        require(signers.length == count, WrongSignerCount(signers.length, count));
        _sort(signers);
        require(signers[0] != address(0), ZeroSigner());
        for (uint256 i = 1; i < count; i++) {
            require(signers[i] != signers[i - 1], DuplicateSigner(signers[i]));
        }

        _moveMemberships(network.signerList, signers);
        network.faultTolerance = faultTolerance;
        network.configCount++;
        network.signerList = CodeStore.write(signers);
        network.configDigest = keccak256(abi.encode(number, network.configCount, networkOf(number)));

        emit SignersChanged(number, network.configDigest, faultTolerance, signers);
    }

    /// @dev The new ones come before the old ones go: who stays never leaves.
    function _moveMemberships(address oldList, address[] memory signers) private {
        for (uint256 i = 0; i < signers.length; i++) {
            _memberships[signers[i]].networks++;
        }
        if (oldList == address(0)) return;

        address[] memory old = CodeStore.read(oldList);
        for (uint256 i = 0; i < old.length; i++) {
            Membership storage membership = _memberships[old[i]];
            membership.networks--;
            if (membership.networks == 0) {
                (membership.leftEpoch, membership.leftAt) = (currentEpoch(), _now());
            }
        }
    }

    /// @dev Insertion sort: at most 31 signers.
    function _sort(address[] memory list) private pure {
        for (uint256 i = 1; i < list.length; i++) {
            address moved = list[i];
            uint256 hole = i;
            while (hole > 0 && list[hole - 1] > moved) {
                list[hole] = list[hole - 1];
                hole--;
            }
            list[hole] = moved;
        }
    }

    function _requireQuorum(Network storage network, bytes32 digest, bytes calldata signatures) private view {
        require(signatures.length % SIGNATURE_BYTES == 0, SignaturesMalformed(signatures.length));
        uint256 given = signatures.length / SIGNATURE_BYTES;
        uint256 required = _quorum(network.faultTolerance);
        require(given >= required, QuorumMissed(given, required));

        address[] memory signers = CodeStore.read(network.signerList);
        address previous = address(0);
        uint256 next = 0;
        // Safe because no count here passes the number of signatures or of signers.
        unchecked {
            for (uint256 i = 0; i < given; i++) {
                (bytes32 r, bytes32 s, uint8 v) = _signatureAt(signatures, i);
                (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecover(digest, v, r, s);
                require(failure == ECDSA.RecoverError.NoError, InvalidSignature(i));
                require(recovered > previous, SignersNotAscending(i, recovered));
                while (next < signers.length && signers[next] < recovered) next++;
                require(next < signers.length && signers[next] == recovered, NotASigner(i, recovered));
                previous = recovered;
            }
        }
    }

    /// @dev Assembly, because slices of calldata would add a fifth to the price of a signature.
    function _signatureAt(bytes calldata signatures, uint256 position)
        private
        pure
        returns (bytes32 r, bytes32 s, uint8 v)
    {
        assembly ("memory-safe") {
            // Within bounds, because `position` is below the number of whole signatures.
            let at := add(signatures.offset, mul(position, SIGNATURE_BYTES))
            r := calldataload(at)
            s := calldataload(add(at, 32))
            v := byte(0, calldataload(add(at, 64)))
        }
    }

    function _hashReport(bytes32 digest, Report calldata report) private view returns (bytes32) {
        // Not cached: the contract may be constructed on one chain and put into the genesis of another.
        bytes32 domain =
            keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, address(this)));
        // The report has no dynamic field: its encoding is that of its fields one after the other.
        return
            MessageHashUtils.toTypedDataHash(domain, keccak256(abi.encode(REPORT_TYPEHASH, digest, report)));
    }

    /// @return The network, if the caller may prove this day of it now.
    function _networkProving(uint32 number, uint24 day) private view returns (Network storage) {
        Network storage network = _network(number);
        require(msg.sender == network.prover, NotProver(msg.sender, network.prover));
        uint24 expected = network.lastProvenDay + 1;
        require(day == expected, WrongDay(day, expected));
        _requireOver(day);
        return network;
    }

    function _storeProof(uint32 network, uint24 day, bytes32 statement, Day memory values)
        private
        returns (bool settles)
    {
        Day storage stored = _days[network][day];
        settles = !_isFinal(stored);
        _networks[network].lastProvenDay = day;
        statementOf[network][day] = statement;
        if (settles) _settle(network, day, values, DayState.Proven);
        stored.provenAt = uint256(_now()).toUint32();
    }

    /// @dev Gives a day that is not final the three indices of `values`, for good.
    function _settle(uint32 network, uint24 day, Day memory values, DayState closedAs) private {
        Day storage stored = _days[network][day];
        stored.subsidyIndex = values.subsidyIndex;
        stored.cappedFeesIndex = values.cappedFeesIndex;
        stored.finalAt = uint256(_now()).toUint32();
        stored.feesIndex = values.feesIndex;
        stored.closedAs = closedAs;
        if (day > _networks[network].newestDay) _networks[network].newestDay = day;
    }

    function _requireOver(uint24 day) private view {
        uint24 epoch = currentEpoch();
        require(epoch > day, DayNotOver(day, epoch));
    }

    function _requireSane(uint256 work, uint128 fees, uint128 cappedFees) private pure {
        require(work > 0, WorkZero());
        require(cappedFees <= fees, CappedFeesAboveFees(cappedFees, fees));
    }

    function _openRound(uint24 day) private view returns (uint256) {
        return 1 + _secondsSinceEnd(day) * ROUNDS_PER_EPOCH / EPOCH_SECONDS;
    }

    /// @dev What was over when the clock began ended then.
    function _secondsSinceEnd(uint24 day) private view returns (uint256) {
        uint256 epochs = day < FIRST_EPOCH ? 0 : uint256(day) + 1 - FIRST_EPOCH;
        uint256 end = START + epochs * EPOCH_SECONDS;
        uint256 time = _now();
        return time > end ? time - end : 0;
    }

    function _indexOf(uint8 component, uint128 reward, uint128 unitWork, uint256 work)
        private
        pure
        returns (uint112)
    {
        uint256 value = _perUnitDown(reward, unitWork, work);
        require(value <= type(uint112).max, IndexTooLarge(component, value, type(uint112).max));
        // Safe because it was checked in the line above.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint112(value);
    }

    /// @dev A relay has no other totals to offer: refusing them would stop it for good.
    function _cappedIndexOf(uint128 reward, uint128 unitWork, uint256 work) private pure returns (uint112) {
        // Safe because it is the smaller of the two.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint112(Math.min(_perUnitDown(reward, unitWork, work), type(uint112).max));
    }

    function _perUnitDown(uint128 reward, uint128 unitWork, uint256 work) private pure returns (uint256) {
        // The factors fit: 2^128 * 1e18 < 2^188. Where the product does not, the index is far above 112 bits for any work
        // below 2^143, ages of Bitcoin's.
        (bool fits, uint256 product) = Math.tryMul(reward, unitWork * INDEX_SCALE);
        return fits ? product / work : type(uint256).max;
    }

    function _isFinal(Day storage day) private view returns (bool) {
        uint32 finalAt = day.finalAt;
        return finalAt != 0 && finalAt <= _now();
    }

    function _now() private view returns (uint40) {
        return block.timestamp.toUint40();
    }

    function _quorum(uint8 faultTolerance) private pure returns (uint256) {
        return 2 * uint256(faultTolerance) + 1;
    }

    function _network(uint32 number) private view returns (Network storage) {
        require(number > 0 && number <= networkCount, NoSuchNetwork(number, networkCount));
        return _networks[number];
    }
}
