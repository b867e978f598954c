// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IRewardIndex} from "../interfaces/IRewardIndex.sol";
import {IRewardSource} from "../interfaces/IRewardSource.sol";
import {CodeStore} from "../libraries/CodeStore.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title RewardIndex
/// @dev Why days are final in order: they are attested in order, so `attestedAt` never falls from one day to the next,
///      and the dispute time of a network never changes. The final days are therefore always the first so many of
///      the attested ones, which is what the binary search of `lastContiguousDay` needs. Times of finality are 32 bits:
///      this contract attests until 2106.
///
///      Assumes that at most f of a network's 3f + 1 signers lie or are gone, and that the timelock, which may replace
///      them, is honest. The clock is `block.timestamp`.
contract RewardIndex is IRewardIndex {
    using SafeCast for uint256;

    uint8 private constant MAX_FAULT_TOLERANCE = 10;
    uint256 private constant SIGNATURE_BYTES = 65;
    uint256 private constant SECONDS_PER_DAY = 86_400;
    uint256 private constant INDEX_SCALE = 1e18;

    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("Hashsand RewardIndex");
    bytes32 private constant VERSION_HASH = keccak256("1");
    bytes32 private constant REPORT_TYPEHASH = keccak256(
        "Report(bytes32 configDigest,uint32 network,uint24 day,uint32 round,uint32 lastHeight,bytes32 lastBlockHash,uint256 work,uint128 subsidy,uint128 fees,uint128 cappedFees,uint128 medianFee,bytes32 poolRowsRoot)"
    );

    /// @dev Ordered for storage: an attestation reads the last three slots.
    struct Network {
        bytes32 name;
        bytes32 unit;
        bytes32 configDigest;
        uint128 unitHashes;
        uint24 firstDay;
        uint32 disputeSeconds;
        uint8 faultTolerance;
        uint32 configCount;
        address signerList;
        uint24 lastAttestedDay;
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
        uint24 expected = _nextDay(network);
        require(report.day == expected, WrongDay(report.day, expected));
        uint24 epoch = currentEpoch();
        require(epoch > report.day, DayNotOver(report.day, epoch));
        require(report.work > 0, WorkZero());
        require(report.cappedFees <= report.fees, CappedFeesAboveFees(report.cappedFees, report.fees));
        bytes32 digest = _hashReport(network.configDigest, report);
        _requireQuorum(network, digest, signatures);

        uint40 attestedAt = _now();
        Day memory day = Day({
            subsidyIndex: _indexOf(0, report.subsidy, network.unitHashes, report.work),
            cappedFeesIndex: _indexOf(1, report.cappedFees, network.unitHashes, report.work),
            finalAt: (uint256(attestedAt) + network.disputeSeconds).toUint32(),
            feesIndex: _indexOf(1, report.fees, network.unitHashes, report.work),
            attestedAt: attestedAt
        });
        network.lastAttestedDay = report.day;
        _days[report.network][report.day] = day;

        emit DayAttested(
            report.network, report.day, digest, day.subsidyIndex, day.cappedFeesIndex, day.feesIndex, report
        );
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
        uint24 last = stored.lastAttestedDay;
        if (last == 0 || _isFinal(_days[network][last])) return last;

        // Every day below `low` is final, no day from `high` on is.
        uint24 low = stored.firstDay;
        uint24 high = last;
        while (low < high) {
            uint24 middle = low + (high - low) / 2;
            if (_isFinal(_days[network][middle])) low = middle + 1;
            else high = middle;
        }
        return low == stored.firstDay ? 0 : low - 1;
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
        if (stored.attestedAt == 0) return DayState.Open;
        return _isFinal(stored) ? DayState.Final : DayState.Attested;
    }

    /// @inheritdoc IRewardIndex
    function lastAttestedDay(uint32 network) external view returns (uint24) {
        return _network(network).lastAttestedDay;
    }

    /// @inheritdoc IRewardIndex
    function clock() external view returns (Clock memory) {
        return Clock(FIRST_EPOCH, START, EPOCH_SECONDS);
    }

    /* VIEWS FOR SIGNERS */

    /// @inheritdoc IRewardIndex
    function networkOf(uint32 network) external view returns (NetworkConfig memory) {
        Network storage stored = _network(network);
        return NetworkConfig({
            name: stored.name,
            unit: stored.unit,
            unitHashes: stored.unitHashes,
            firstDay: stored.firstDay,
            disputeSeconds: stored.disputeSeconds,
            faultTolerance: stored.faultTolerance,
            signers: CodeStore.read(stored.signerList)
        });
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

    /* INTERNALS */

    function _addNetwork(uint32 number, NetworkConfig memory config) private {
        require(config.unitHashes > 0, UnitHashesZero());
        require(config.firstDay > 0, FirstDayZero());

        Network storage network = _networks[number];
        network.name = config.name;
        network.unit = config.unit;
        network.unitHashes = config.unitHashes;
        network.firstDay = config.firstDay;
        network.disputeSeconds = config.disputeSeconds;

        emit NetworkAdded(number, config.name, config.unit, config.unitHashes, config.firstDay);
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

        network.faultTolerance = faultTolerance;
        network.configCount++;
        network.signerList = CodeStore.write(signers);
        network.configDigest = keccak256(
            abi.encode(
                number,
                network.configCount,
                network.name,
                network.unit,
                network.unitHashes,
                network.firstDay,
                network.disputeSeconds,
                faultTolerance,
                signers
            )
        );

        emit SignersChanged(number, network.configDigest, faultTolerance, signers);
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

    function _indexOf(uint8 component, uint128 reward, uint128 unitHashes, uint256 work)
        private
        pure
        returns (uint112)
    {
        // The factors fit: 2^128 * 86400 * 1e18 < 2^205.
        uint256 perUnit = SECONDS_PER_DAY * INDEX_SCALE * unitHashes;
        // A day whose product does not fit pays 2^128 a unit for any work below 2^128, which is 10^9 days of Bitcoin's.
        (bool fits, uint256 product) = Math.tryMul(reward, perUnit);
        uint256 value = fits ? product / work : type(uint256).max;
        require(value <= type(uint112).max, IndexTooLarge(component, value, type(uint112).max));
        // Safe because it was checked in the line above.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint112(value);
    }

    function _nextDay(Network storage network) private view returns (uint24) {
        uint24 last = network.lastAttestedDay;
        return last == 0 ? network.firstDay : last + 1;
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
